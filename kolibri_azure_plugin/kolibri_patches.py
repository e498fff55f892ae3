"""Everything that the plugin changes in Kolibri's own code, and why.

Each patch wraps one function of Kolibri where it has no hook. tests/unit/test_kolibri_patches.py
knows the source of each, and fails when a new Kolibri has changed one.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any, Callable

from django.conf import settings

from kolibri_azure_plugin import context
from kolibri_azure_plugin.caching.device_settings import remember_read_values, save_changes_only
from kolibri_azure_plugin.caching.once_per_request import once_per_request, resolve_once
from kolibri_azure_plugin.caching.signed_in_users import (
    nobody_without_role_is_admin,
    nothing_is_readable_without_role,
    read_with_belongings,
)
from kolibri_azure_plugin.database.config import ENGINE
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.health.probes import answer_probes
from kolibri_azure_plugin.instances import upgrades, worker_process
from kolibri_azure_plugin.logs.printed import log_what_is_printed
from kolibri_azure_plugin.media import serve_no_media
from kolibri_azure_plugin.provisioning.provision import (
    provision,
    provision_once,
    require_what_it_takes,
)
from kolibri_azure_plugin.settings import APP, ZIP_CONTENT
from kolibri_azure_plugin.unfiltered import filter_when_asked
from kolibri_azure_plugin.zip_content.server import answer_in_bytes

#: Makes the new function from the old one.
Wrapper = Callable[[Callable[..., Any]], Any]


@dataclasses.dataclass(frozen=True)
class Patch:
    """One function of Kolibri's, and what is put around it.

    :param module: where it is defined, in Kolibri or in what it brings along.
    :param name: its name there, with its class in front if it has one.
    :param reason: why there is no other way.
    :param postgresql_only: what it mends does not exist on the SQLite of a test deployment.
    :param roles: the processes that need it, by KOLIBRI_AZURE_ROLE.
    """

    module: str
    name: str
    reason: str
    wrapper: Wrapper
    postgresql_only: bool = False
    roles: tuple[str, ...] = (APP,)

    @property
    def original(self) -> Any:
        """The function that stands there now."""
        return getattr(*self._place())

    def apply(self) -> None:
        """Put the new function into its place."""
        owner, name = self._place()
        setattr(owner, name, self.wrapper(getattr(owner, name)))

    def _place(self) -> tuple[Any, str]:
        *path, name = self.name.split(".")
        return functools.reduce(getattr, path, importlib.import_module(self.module)), name


def before(first: Callable[[], None]) -> Wrapper:
    """A wrapper that does something before the old function."""

    def wrapper(old: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(old)
        def new(*arguments: Any, **keywords: Any) -> Any:
            with fail_closed():
                first()
            return old(*arguments, **keywords)

        return new

    return wrapper


PATCHES = (
    Patch(
        "kolibri.utils.main",
        "update",
        "Kolibri has compared its version with the one in KOLIBRI_HOME before any plugin runs. "
        "There is no such file in a new container, and the database may need an upgrade.",
        upgrades.leave_to_the_database,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.main",
        "run_plugin_updates",
        "The first function after that which Kolibri calls whatever it found: here the upgrade of "
        "Kolibri and of its plugins is decided by what the database says, and done once.",
        upgrades.decide_by_the_database,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.main",
        "provision_from_file",
        "Every instance that finds no facility when it starts calls it, and so several at once.",
        provision_once,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.server",
        "ServicesPlugin.START",
        "Starts workers in every instance, which requeue and cancel each other's jobs. There is a "
        "hook for what else `kolibri start` runs, but `kolibri services` does not ask it.",
        worker_process.start_process,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.server",
        "DefaultScheduledTasksPlugin.START",
        "Schedules Kolibri's regular jobs again in every instance that starts.",
        worker_process.leave_to_the_holder,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.utils.main",
        "_migrate_databases",
        "Prints two hundred lines that are no events of the log, and can't be told not to.",
        log_what_is_printed,
    ),
    Patch(
        "kolibri.utils.main",
        "_migrate_databases",
        "A fresh deployment that lacks what it is to be set up with refuses to start; here, before "
        "a minute of migrations. Kolibri has no hook before them.",
        before(require_what_it_takes),
    ),
    Patch(
        "kolibri.utils.main",
        "_upgrades_after_django_setup",
        "The last step of each start, where Kolibri provisions from a file: a fresh deployment is "
        "set up from settings, after migrations and upgrades, before anything is served.",
        before(provision),
    ),
    Patch(
        "kolibri.core.device.models",
        "DeviceSettings.from_db",
        "Remembers what was read, so that a save can tell what was changed.",
        remember_read_values,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.device.models",
        "DeviceSettings.save",
        "Kolibri saves all device settings at once, from a cached copy, and so reverts what "
        "another instance has changed meanwhile.",
        save_changes_only,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.backends",
        "FacilityUserBackend.get_user",
        "Reads the user of a session without the rights and settings that nearly each request "
        "asks of it, with a query for each.",
        read_with_belongings,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.permissions.general",
        "_user_is_admin_for_own_facility",
        "Asks the database twice, at most requests, whether a learner administers a facility.",
        nobody_without_role_is_admin,
        postgresql_only=True,
    ),
    Patch(
        "kolibri.core.auth.permissions.base",
        "RoleBasedPermissions.readable_by_user_filter",
        "Asks the database for the roles of a learner, who has none, at most requests.",
        nothing_is_readable_without_role,
        postgresql_only=True,
    ),
    Patch(
        "django_filters.rest_framework.backends",
        "DjangoFilterBackend.filter_queryset",
        "Copies all filters of a view and makes a form of them, also when a request names none.",
        filter_when_asked,
    ),
    Patch(
        "django.urls.resolvers",
        "URLResolver.resolve",
        "Kolibri's middleware and Django each look for the view of a request, up to four times, "
        "among several hundred addresses: a third of a short request's time.",
        resolve_once,
    ),
    Patch(
        "kolibri.core.device.translation",
        "get_device_language",
        "Each pattern of addresses that begin with a language asks for it, thirty times a request, "
        "and each time all device settings are read: a third of a request's time.",
        once_per_request,
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__init__",
        "Serves MEDIA_ROOT, with every upload and export, to anybody who guesses a name.",
        serve_no_media,
    ),
    Patch(
        "kolibri.utils.kolibri_whitenoise",
        "DynamicWhiteNoise.__call__",
        "The outermost that sees a request. The platform's probes must be answered whatever the "
        "Host header, without https, and without a database connection that Django may wait for.",
        answer_probes,
        roles=(APP, ZIP_CONTENT),
    ),
    Patch(
        "kolibri.core.content.zip_wsgi",
        "get_application",
        "Answers other addresses with text, where WSGI wants bytes: gunicorn logs a traceback for "
        "each and cuts the connection.",
        answer_in_bytes,
        roles=(ZIP_CONTENT,),
    ),
)


def apply_patches() -> None:
    """Change Kolibri, in this process."""
    role = context.current().settings.role
    on_postgresql = settings.DATABASES["default"]["ENGINE"] == ENGINE
    for patch in PATCHES:
        if role in patch.roles and (on_postgresql or not patch.postgresql_only):
            patch.apply()
