"""The values for setting up a fresh deployment, from settings and the vault."""

from __future__ import annotations

import dataclasses

from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.configuration.settings import MIN_PASSWORD_LENGTH, environment_variable
from kolibri_azure_plugin.errors import ProvisioningError
from kolibri_azure_plugin.errors.remedies import set_app_settings, set_secret

#: Kolibri's preset for schools.
FORMAL = "formal"

#: Settings without a default that the setup needs.
REQUIRED = ("facility_name", "superuser_name")


@dataclasses.dataclass(frozen=True)
class FirstSetup:
    """The values that Kolibri's setup wizard would ask for."""

    facility: str
    preset: str
    language: str
    username: str
    password: str = dataclasses.field(repr=False)
    learner_can_sign_up: bool = False
    learner_can_login_by_name: bool = False

    @property
    def facility_settings(self) -> dict[str, bool]:
        """The settings that override the preset, under Kolibri's names."""
        decided = {
            "learner_can_sign_up": self.learner_can_sign_up,
            "learner_can_login_with_no_password": self.learner_can_login_by_name,
        }
        if self.learner_can_login_by_name:
            # Kolibri does not allow both, and switches this one off for sign-in without passwords.
            decided["learner_can_edit_password"] = False
        return decided

    @property
    def device_settings(self) -> dict[str, str | bool]:
        """The settings that apply to all facilities, under Kolibri's names."""
        return {
            "language_id": self.language,
            # Kolibri keeps guests out of a formal facility. This keeps them out of any facility
            # in which visitors can't sign up.
            "allow_guest_access": self.learner_can_sign_up and self.preset != FORMAL,
        }


def is_wanted(context: Context) -> bool:
    """False only for a test deployment without these settings, where the wizard does the setup."""
    settings = context.settings
    return not settings.is_test or any(getattr(settings, name) for name in REQUIRED)


def read(context: Context) -> FirstSetup:
    """Read and check the values.

    :raises ProvisioningError: when a setting is missing, or the password is too short.
    :raises KolibriAzureError: when there is no password.
    """
    settings = context.settings
    missing = [environment_variable(name) for name in REQUIRED if not getattr(settings, name)]
    if missing:
        raise ProvisioningError(
            "This deployment is not set up yet, and would show its setup wizard to any visitor.",
            expected="the settings for the first start",
            found=f"{' and '.join(missing)} not set",
            remedy=set_app_settings(
                'KOLIBRI_AZURE_FACILITY_NAME="NAME OF THE SCHOOL"',
                "KOLIBRI_AZURE_SUPERUSER_NAME=USER",
            )
            + f"\n{set_secret(settings.superuser_password_secret)}",
            code="first-start-settings",
        )
    password = context.secrets.get(settings.superuser_password_secret)
    if len(password) < MIN_PASSWORD_LENGTH:
        raise ProvisioningError(
            "The administrator's first password is too short.",
            expected=f"{MIN_PASSWORD_LENGTH} characters or more",
            found=f"{len(password)} in secret {settings.superuser_password_secret}",
            remedy=set_secret(settings.superuser_password_secret),
            code="first-start-password",
        )
    return FirstSetup(
        settings.facility_name,
        settings.facility_preset,
        settings.language,
        settings.superuser_name,
        password,
        settings.learner_can_sign_up,
        settings.learner_can_login_by_name,
    )
