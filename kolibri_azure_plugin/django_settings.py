"""Kolibri's hook for Django settings, in which the plugin does most of its work.

Kolibri imports it near the end of its own settings module, in every process that uses Django:
commands, services and the stock WSGI module alike. Names that Kolibri's module already defines can
only be changed there, in place. The names defined below are new.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import global_settings
from kolibri.utils import conf

from kolibri_azure_plugin.errors.fail_closed import fail_closed

with fail_closed():
    # A failed import must end the process too. Kolibri would go on without the plugin.
    from kolibri_azure_plugin.configuration import base_settings, context, time_zone
    from kolibri_azure_plugin.configuration import secret_key as django_secret_key
    from kolibri_azure_plugin.content import media
    from kolibri_azure_plugin.content.verification import verify_content
    from kolibri_azure_plugin.database import connections
    from kolibri_azure_plugin.database.opening import prepare_database
    from kolibri_azure_plugin.errors.redaction import MaskedString
    from kolibri_azure_plugin.errors.retry import Deadline
    from kolibri_azure_plugin.instances import membership
    from kolibri_azure_plugin.logs.configuration import configure
    from kolibri_azure_plugin.provisioning import first_setup
    from kolibri_azure_plugin.speed.configuration import share_caches

logger = logging.getLogger(__name__)

#: A health probe from inside the container uses one of these.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


DURING_RESTORE = "kolibri_azure_plugin.web.during_restore.DuringRestore"
PASSWORD_QUEUE = "kolibri_azure_plugin.web.password_queue.PasswordQueue"
SHARED_RESPONSES = "kolibri_azure_plugin.speed.shared_responses.SharedResponses"
PASSWORD_HASHER = "kolibri_azure_plugin.speed.passwords.PasswordHasher"
BROWSER_SESSIONS = "kolibri_azure_plugin.database.browser_sessions"

MEDIA_STORAGE = "kolibri_azure_plugin.facility_data.exports.storage.MediaStorage"

UPLOADS = "kolibri_azure_plugin.web.uploads.SignedInUploads"

API_ERROR_HANDLER = "kolibri_azure_plugin.web.api_errors.handle_exception"

REQUEST_CACHE = "kolibri_azure_plugin.speed.request_cache.RequestCacheMiddleware"
REQUEST_LOG = "kolibri_azure_plugin.logs.requests.RequestLog"
SETUP_GUARD = "kolibri_azure_plugin.web.setup_guard.SetupGuard"
STAGE_JOBS = "kolibri_azure_plugin.facility_data.syncing.stage_queueing.StageJobsMiddleware"

#: Kolibri's middleware that sends visitors of a fresh deployment to the setup wizard.
PROVISIONING_MIDDLEWARE = "kolibri.core.device.middleware.ProvisioningErrorHandler"


def apply(base: Any, here: context.Context) -> None:
    """Verify everything, then change Kolibri's settings.

    :raises KolibriAzureError: before anything has changed.
    """
    configure(base.LOGGING, here.settings.log_format)
    deadline = Deadline(here.settings.startup_timeout)
    uses_postgresql = conf.OPTIONS["Database"]["DATABASE_ENGINE"] == "postgres"
    if here.settings.is_test:
        _announce_test_deployment(uses_postgresql, conf.OPTIONS["Paths"]["CONTENT_DIR"])
    else:
        verify_content(here, deadline)
        media.verify_media(here.settings, conf.KOLIBRI_HOME, deadline)
    secret_key = django_secret_key.prepare_secret_key(here, conf.KOLIBRI_HOME, deadline)
    if uses_postgresql:
        database = prepare_database(here, deadline)
        connections.use(database)
        membership.join(deadline)
        _use_postgresql(
            base.DATABASES, database.config.django_settings(here.settings.database_conn_max_age)
        )
        base.SESSION_ENGINE = BROWSER_SESSIONS
        base.REST_FRAMEWORK["EXCEPTION_HANDLER"] = API_ERROR_HANDLER
        share_caches(base.CACHES, database.config)
    base.SECRET_KEY = MaskedString(secret_key)
    base.FILE_UPLOAD_HANDLERS[:] = [UPLOADS]
    _add_middleware(base.MIDDLEWARE, guard_setup=first_setup.is_wanted(here))
    if uses_postgresql:
        base.MIDDLEWARE.insert(0, DURING_RESTORE)
    if here.settings.allowed_hosts:
        base.ALLOWED_HOSTS[:] = [*here.settings.allowed_hosts, *LOCAL_HOSTS]
    if time_zone.exists(time_zone.named()):
        base.TIME_ZONE = time_zone.named()


def _announce_test_deployment(postgresql: bool, content: str) -> None:
    """Warn that a test deployment may lose its data."""
    logger.warning(
        "THIS IS A TEST DEPLOYMENT (KOLIBRI_AZURE_DEPLOYMENT=test). Database: %s. "
        "Content: %s. Data may be lost with the container; never let learners work on it.",
        "PostgreSQL" if postgresql else "SQLite inside the container",
        content,
    )


def _add_middleware(middleware: list[str], *, guard_setup: bool) -> None:
    """Put request logging and caching outermost, and the queueing of transfer stages innermost.

    The innermost middleware sees each response only once the view has written everything.
    """
    if guard_setup:
        middleware.insert(middleware.index(PROVISIONING_MIDDLEWARE), SETUP_GUARD)
    middleware[:0] = [PASSWORD_QUEUE, SHARED_RESPONSES, REQUEST_LOG, REQUEST_CACHE]
    middleware.append(STAGE_JOBS)


def _use_postgresql(databases: dict[str, dict[str, Any]], entry: dict[str, Any]) -> None:
    """Change both aliases, and keep the isolation level that Kolibri gives one of them."""
    for alias in ("default", "default-serializable"):
        kept = databases[alias].get("OPTIONS", {})
        level = {"isolation_level": kept["isolation_level"]} if "isolation_level" in kept else {}
        databases[alias].update(entry, OPTIONS={**entry["OPTIONS"], **level})


with fail_closed():
    _here = context.current()
    apply(base_settings.loaded(), _here)
    _behind_proxy = _here.settings.https_proxy
    _hosts = list(_here.settings.allowed_hosts)

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _behind_proxy else None
SESSION_COOKIE_SECURE = _behind_proxy
CSRF_COOKIE_SECURE = _behind_proxy
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = _hosts
DEFAULT_EXCEPTION_REPORTER_FILTER = "kolibri_azure_plugin.web.debug_page.RedactingReporterFilter"
if not hasattr(base_settings.loaded(), "PASSWORD_HASHERS"):
    PASSWORD_HASHERS = [PASSWORD_HASHER, *global_settings.PASSWORD_HASHERS[1:]]
if not hasattr(base_settings.loaded(), "DEFAULT_FILE_STORAGE"):
    # Kolibri defines it when one of its options selects storage other than a folder.
    DEFAULT_FILE_STORAGE = MEDIA_STORAGE
