"""Kolibri's hook for Django settings: here the plugin does its work.

Kolibri imports it near the end of its own settings module, in every process that uses Django: the
commands, the services and the stock WSGI module alike. A name that Kolibri's module has already
can only be changed there, in place; the names below are new.
"""

from __future__ import annotations

import sys
from typing import Any

from kolibri.utils import conf

from kolibri_azure_plugin.fail_closed import fail_closed

with fail_closed():
    # What can't be imported ends the process too: Kolibri would go on without the plugin.
    from kolibri_azure_plugin import context, media, startup
    from kolibri_azure_plugin.caching.configuration import find_redis, share_caches
    from kolibri_azure_plugin.database import connections
    from kolibri_azure_plugin.instances import joining
    from kolibri_azure_plugin.logs.configuration import configure
    from kolibri_azure_plugin.provisioning import first_setup
    from kolibri_azure_plugin.redaction import MaskedString
    from kolibri_azure_plugin.retry import Deadline

#: The module whose settings are changed, also where another one imports them from it.
BASE_SETTINGS = "kolibri.deployment.default.settings.base"

#: A health probe from inside the container uses one of these.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


SHARED_ANSWERS = "kolibri_azure_plugin.caching.shared_answers.SharedAnswers"
BROWSER_SESSIONS = "kolibri_azure_plugin.database.browser_sessions"

MEDIA_STORAGE = "kolibri_azure_plugin.exports.storage.MediaStorage"

REFUSALS = "kolibri_azure_plugin.refusals.answer"

REQUEST_MEMORY = "kolibri_azure_plugin.caching.once_per_request.RequestMemory"
REQUEST_LOG = "kolibri_azure_plugin.logs.requests.RequestLog"
SETUP_GUARD = "kolibri_azure_plugin.provisioning.guard.SetupGuard"
STAGES_TO_JOBS = "kolibri_azure_plugin.syncing.handover.StagesToJobs"

#: Kolibri's own, which sends visitors of a fresh deployment to the setup wizard.
PROVISIONING_MIDDLEWARE = "kolibri.core.device.middleware.ProvisioningErrorHandler"


def apply(base: Any, here: context.Context) -> None:
    """Verify everything, then change Kolibri's settings.

    :raises KolibriAzureError: before anything was changed.
    """
    configure(base.LOGGING, here.settings.log_format)
    deadline = Deadline(here.settings.startup_timeout)
    uses_postgresql = conf.OPTIONS["Database"]["DATABASE_ENGINE"] == "postgres"
    if here.settings.is_test:
        startup.announce_test_deployment(uses_postgresql, conf.OPTIONS["Paths"]["CONTENT_DIR"])
    else:
        startup.verify_content(here, deadline)
        media.verify_media(here.settings, conf.KOLIBRI_HOME, deadline)
    secret_key = startup.prepare_secret_key(here, conf.KOLIBRI_HOME, deadline)
    if uses_postgresql:
        database = startup.prepare_database(here, conf.OPTIONS["Database"], deadline)
        connections.use(database)
        joining.join(deadline)
        _use_postgresql(
            base.DATABASES, database.config.django_settings(here.settings.database_conn_max_age)
        )
        base.SESSION_ENGINE = BROWSER_SESSIONS
        base.REST_FRAMEWORK["EXCEPTION_HANDLER"] = REFUSALS
        share_caches(base.CACHES, database.config, find_redis(here, deadline))
    base.SECRET_KEY = MaskedString(secret_key)
    _add_middleware(base.MIDDLEWARE, guard_setup=first_setup.is_wanted(here))
    if here.settings.allowed_hosts:
        base.ALLOWED_HOSTS[:] = [*here.settings.allowed_hosts, *LOCAL_HOSTS]


def _add_middleware(middleware: list[str], *, guard_setup: bool) -> None:
    """In front of all that Kolibri's own log, what the logs and the container's nginx are told.

    Behind all of them, what sees an answer when nothing is to be written any more.
    """
    if guard_setup:
        middleware.insert(middleware.index(PROVISIONING_MIDDLEWARE), SETUP_GUARD)
    middleware[:0] = [SHARED_ANSWERS, REQUEST_LOG, REQUEST_MEMORY]
    middleware.append(STAGES_TO_JOBS)


def _use_postgresql(databases: dict[str, dict[str, Any]], entry: dict[str, Any]) -> None:
    """Change both aliases; the options that Kolibri gives one, its isolation level, stay."""
    for alias in ("default", "default-serializable"):
        kept = databases[alias].get("OPTIONS", {})
        level = {"isolation_level": kept["isolation_level"]} if "isolation_level" in kept else {}
        databases[alias].update(entry, OPTIONS={**entry["OPTIONS"], **level})


with fail_closed():
    _here = context.current()
    apply(sys.modules[BASE_SETTINGS], _here)
    _behind_proxy = _here.settings.https_proxy
    _hosts = list(_here.settings.allowed_hosts)

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _behind_proxy else None
SESSION_COOKIE_SECURE = _behind_proxy
CSRF_COOKIE_SECURE = _behind_proxy
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = _hosts
DEFAULT_EXCEPTION_REPORTER_FILTER = "kolibri_azure_plugin.debug_page.RedactingReporterFilter"
if not hasattr(sys.modules[BASE_SETTINGS], "DEFAULT_FILE_STORAGE"):
    # Kolibri has one when its own option asks for another storage than a folder.
    DEFAULT_FILE_STORAGE = MEDIA_STORAGE
