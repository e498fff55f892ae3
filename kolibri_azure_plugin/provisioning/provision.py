"""Sets up a fresh deployment, once, even when several instances start at the same time."""

from __future__ import annotations

import contextlib
import logging
from typing import Any, Callable

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.utils import OperationalError, ProgrammingError

from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.errors import ProvisioningError
from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.errors.remedies import set_app_settings
from kolibri_azure_plugin.errors.retry import Deadline
from kolibri_azure_plugin.provisioning import first_setup
from kolibri_azure_plugin.provisioning.first_setup import FirstSetup
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def require_setup_settings() -> None:
    """Check, before a fresh deployment's database is migrated, that the setup can succeed.

    :raises KolibriAzureError: naming the missing setting.
    """
    here = context.current()
    if first_setup.is_wanted(here) and not is_provisioned():
        first_setup.read(here)


def provision() -> None:
    """Set up the deployment unless it is set up already. The database must be migrated.

    :raises KolibriAzureError: when the setup fails.
    """
    here = context.current()
    if not first_setup.is_wanted(here) or is_provisioned():
        return
    with _startup_lock():
        if not is_provisioned():
            _set_up(first_setup.read(here))


def provision_when_prepared() -> None:
    """Wait until another process has migrated the database, then call :func:`provision`.

    A web server that loads Kolibri's WSGI module does not migrate the database itself.

    :raises KolibriAzureError: when the setup fails, or the database is not migrated in time.
    """
    if connection.vendor == "postgresql":
        from kolibri_azure_plugin.instances.upgrades import wait_until_up_to_date

        wait_until_up_to_date(Deadline(context.current().settings.startup_timeout))
    provision()


def provision_before_serving(upgrade: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap Kolibri's `_upgrades_after_django_setup`, the last step of each start."""

    @wraps(upgrade)
    def provision_and_upgrade(*arguments: Any, **keywords: Any) -> Any:
        with fail_closed():
            provision()
        return upgrade(*arguments, **keywords)

    return provision_and_upgrade


def provision_once(set_up: Callable[[str], Any]) -> Callable[[str], None]:
    """Wrap Kolibri's `provision_from_file`, which every fresh instance calls at its start."""

    @wraps(set_up)
    def set_up_if_still_needed(path: str) -> None:
        with _startup_lock():
            if not is_provisioned():
                set_up(path)

    return set_up_if_still_needed


def is_provisioned() -> bool:
    """True when the database, not a cache, has it so. False while the database has no tables."""
    from kolibri.core.device.models import DeviceSettings

    try:
        # A savepoint, so that a missing table does not break the caller's transaction.
        with transaction.atomic():
            return bool(DeviceSettings.objects.filter(is_provisioned=True).exists())
    except ProgrammingError:
        return False
    except OperationalError:
        # PostgreSQL does not answer. SQLite, however, raises this for a missing table, too.
        if connection.vendor != "sqlite":
            raise
        return False


def _startup_lock() -> contextlib.AbstractContextManager[None]:
    if connection.vendor != "postgresql":
        return contextlib.nullcontext()
    from kolibri_azure_plugin.instances.startup_lock import startup_lock

    return startup_lock()


def _set_up(wanted: FirstSetup) -> None:
    """Do the whole setup in one transaction: an interruption leaves the deployment fresh."""
    from kolibri.core.device.utils import get_facility_by_name, setup_device_and_facility

    _require_language(wanted.language)
    with transaction.atomic():
        setup_device_and_facility(
            get_facility_by_name(wanted.facility),
            wanted.facility,
            wanted.preset,
            wanted.facility_settings,
            wanted.device_settings,
            wanted.username,
            wanted.password,
        )
        _require_superuser(wanted)
    logger.info(
        "This deployment is set up: facility %s (%s, %s), administrator %s. %s",
        wanted.facility,
        wanted.preset,
        wanted.language,
        wanted.username,
        _describe_access(wanted.facility),
    )


def _describe_access(facility: str) -> str:
    """Describe the actual access settings: a facility that existed before keeps its own."""
    from kolibri.core.auth.models import Facility
    from kolibri.core.device.utils import allow_guest_access

    dataset = Facility.objects.get(name__iexact=facility).dataset
    return (
        f"Sign-up by anybody: {_yes_or_no(dataset.learner_can_sign_up)}; "
        "learners without a password: "
        f"{_yes_or_no(dataset.learner_can_login_with_no_password)}; "
        f"guests: {_yes_or_no(allow_guest_access())}."
    )


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _require_language(language: str) -> None:
    languages = dict(django_settings.LANGUAGES)
    if language not in languages:
        raise ProvisioningError(
            "Kolibri does not support the language of the setup.",
            expected="one of " + ", ".join(sorted(languages)),
            found=language,
            remedy=set_app_settings("KOLIBRI_AZURE_LANGUAGE=en"),
            code="first-start-language",
        )


def _require_superuser(wanted: FirstSetup) -> None:
    """Check that the administrator exists: Kolibri skips one with an invalid user name."""
    from kolibri.core.auth.models import FacilityUser

    administrators = FacilityUser.objects.filter(devicepermissions__is_superuser=True)
    if not administrators.filter(username__iexact=wanted.username).exists():
        raise ProvisioningError(
            f"Kolibri did not create the administrator {wanted.username}.",
            expected="a user name of letters, digits and underscores, 30 at most, "
            "that is not taken",
            found=wanted.username,
            remedy=set_app_settings("KOLIBRI_AZURE_SUPERUSER_NAME=admin"),
            code="first-start-username",
        )
