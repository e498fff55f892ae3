"""Sets a fresh deployment up, once, whichever of its instances comes first."""

from __future__ import annotations

import contextlib
import logging
from typing import Any, Callable

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.utils import OperationalError, ProgrammingError

from kolibri_azure_plugin import context
from kolibri_azure_plugin.errors import ProvisioningError
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.provisioning import first_setup
from kolibri_azure_plugin.provisioning.first_setup import FirstSetup
from kolibri_azure_plugin.retry import Deadline
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)


def require_what_it_takes() -> None:
    """Refuse to migrate the database of a fresh deployment that can't be set up afterwards.

    :raises KolibriAzureError: naming what is missing.
    """
    here = context.current()
    if first_setup.is_wanted(here) and not is_provisioned():
        first_setup.read(here)


def provision() -> None:
    """Set the deployment up, unless it is. The database must be migrated.

    :raises KolibriAzureError: when it can't be set up.
    """
    here = context.current()
    if not first_setup.is_wanted(here) or is_provisioned():
        return
    with _one_at_a_time():
        if not is_provisioned():
            _set_up(first_setup.read(here))


def provision_when_prepared() -> None:
    """Set the deployment up, unless it is, once some instance has prepared the database.

    A web server that loads Kolibri's WSGI module migrates nothing itself.

    :raises KolibriAzureError: when it can't be set up, or the database is not prepared in time.
    """
    if connection.vendor == "postgresql":
        from kolibri_azure_plugin.instances.upgrades import wait_until_up_to_date

        wait_until_up_to_date(Deadline(context.current().settings.startup_timeout))
    provision()


def refuse_before_migrations(migrate: Callable[..., Any]) -> Callable[..., Any]:
    """Around Kolibri's `_migrate_databases`: refuse first what can't be set up afterwards."""
    return _after(require_what_it_takes, migrate)


def provision_before_serving(upgrade: Callable[..., Any]) -> Callable[..., Any]:
    """Around Kolibri's `_upgrades_after_django_setup`, the last step of each start."""
    return _after(provision, upgrade)


def provision_once(set_up: Callable[[str], Any]) -> Callable[[str], None]:
    """Around Kolibri's `provision_from_file`, which every fresh instance calls at its start."""

    @wraps(set_up)
    def set_up_if_still_needed(path: str) -> None:
        with _one_at_a_time():
            if not is_provisioned():
                set_up(path)

    return set_up_if_still_needed


def is_provisioned() -> bool:
    """True when the database says so; no cache is asked. False, too, while it has no tables."""
    from kolibri.core.device.models import DeviceSettings

    try:
        # In a transaction of its own a missing table does no harm to the caller's.
        with transaction.atomic():
            return bool(DeviceSettings.objects.filter(is_provisioned=True).exists())
    except ProgrammingError:
        return False
    except OperationalError:
        # PostgreSQL does not answer; but SQLite says it of a missing table, too.
        if connection.vendor != "sqlite":
            raise
        return False


def _after(first: Callable[[], None], then: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(then)
    def both(*arguments: Any, **keywords: Any) -> Any:
        with fail_closed():
            first()
        return then(*arguments, **keywords)

    return both


def _one_at_a_time() -> contextlib.AbstractContextManager[None]:
    if connection.vendor != "postgresql":
        return contextlib.nullcontext()
    from kolibri_azure_plugin.instances.one_starter import one_starter_at_a_time

    return one_starter_at_a_time()


def _set_up(wanted: FirstSetup) -> None:
    """All of it or nothing: who is interrupted here leaves a fresh deployment behind."""
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
        _who_gets_in(wanted.facility),
    )


def _who_gets_in(facility: str) -> str:
    """What holds, whatever was wanted: a facility that was there already keeps its settings."""
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
            "Kolibri does not speak the language that it is to be set up in.",
            expected="one of " + ", ".join(sorted(languages)),
            found=language,
            remedy="az webapp config appsettings set -g GROUP -n APP "
            "--settings KOLIBRI_AZURE_LANGUAGE=en",
            code="first-start-language",
        )


def _require_superuser(wanted: FirstSetup) -> None:
    """Kolibri goes on without an administrator when it does not like the user name."""
    from kolibri.core.auth.models import FacilityUser

    administrators = FacilityUser.objects.filter(devicepermissions__is_superuser=True)
    if not administrators.filter(username__iexact=wanted.username).exists():
        raise ProvisioningError(
            f"Kolibri made no administrator of the name {wanted.username}.",
            expected="a user name of letters, digits and underscores, 30 at most, "
            "that nobody has yet",
            found=wanted.username,
            remedy="az webapp config appsettings set -g GROUP -n APP "
            "--settings KOLIBRI_AZURE_SUPERUSER_NAME=admin",
            code="first-start-username",
        )
