"""What a fresh deployment is set up with, from settings and the vault."""

from __future__ import annotations

import dataclasses

from kolibri_azure_plugin.context import Context
from kolibri_azure_plugin.errors import ProvisioningError

#: Anybody may try passwords on a site in the internet.
SHORTEST_PASSWORD = 8

#: Kolibri's preset for schools.
FORMAL = "formal"

#: For each setting without which nothing can be set up, its name as an app setting.
REQUIRED = {
    "facility_name": "KOLIBRI_AZURE_FACILITY_NAME",
    "superuser_name": "KOLIBRI_AZURE_SUPERUSER_NAME",
}


@dataclasses.dataclass(frozen=True)
class FirstSetup:
    """What Kolibri's setup wizard would ask for."""

    facility: str
    preset: str
    language: str
    username: str
    password: str = dataclasses.field(repr=False)
    learner_can_sign_up: bool = False
    learner_can_login_by_name: bool = False

    @property
    def facility_settings(self) -> dict[str, bool]:
        """What goes before the preset, by Kolibri's own names."""
        decided = {
            "learner_can_sign_up": self.learner_can_sign_up,
            "learner_can_login_with_no_password": self.learner_can_login_by_name,
        }
        if self.learner_can_login_by_name:
            # Kolibri refuses to save both, and takes this one back where passwords are given up.
            decided["learner_can_edit_password"] = False
        return decided

    @property
    def device_settings(self) -> dict[str, str | bool]:
        """What holds for all facilities, by Kolibri's own names."""
        return {
            "language_id": self.language,
            # Kolibri keeps guests out of a formal facility. Here who may not make an account does
            # not get in without one either.
            "allow_guest_access": self.learner_can_sign_up and self.preset != FORMAL,
        }


def is_wanted(context: Context) -> bool:
    """False only for a test deployment that leaves the setup to the wizard."""
    settings = context.settings
    return not settings.is_test or any(getattr(settings, name) for name in REQUIRED)


def read(context: Context) -> FirstSetup:
    """What to set up.

    :raises ProvisioningError: when a setting is missing, or the password is too short.
    :raises KolibriAzureError: when there is no password.
    """
    settings = context.settings
    missing = [REQUIRED[name] for name in REQUIRED if not getattr(settings, name)]
    if missing:
        raise ProvisioningError(
            "This deployment is not set up yet, and would show its setup wizard to anybody.",
            expected="settings that say what to set up",
            found=f"{' and '.join(missing)} not set",
            remedy="az webapp config appsettings set -g GROUP -n APP --settings \\\n"
            '  KOLIBRI_AZURE_FACILITY_NAME="NAME OF THE SCHOOL" '
            "KOLIBRI_AZURE_SUPERUSER_NAME=USER\n"
            f"az keyvault secret set --vault-name NAME -n {settings.superuser_password_secret} "
            "--file FILE",
            code="first-start-settings",
        )
    password = context.secrets.get(settings.superuser_password_secret)
    if len(password) < SHORTEST_PASSWORD:
        raise ProvisioningError(
            "The administrator's first password can be guessed.",
            expected=f"{SHORTEST_PASSWORD} characters or more",
            found=f"{len(password)} in secret {settings.superuser_password_secret}",
            remedy="az keyvault secret set --vault-name NAME "
            f"-n {settings.superuser_password_secret} --file FILE",
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
