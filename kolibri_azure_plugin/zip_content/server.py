"""What Django is left with in a process that serves interactive content, and nothing else."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from secrets import token_urlsafe
from typing import Any, Callable

from kolibri_azure_plugin import remedies
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.redaction import MaskedString
from kolibri_azure_plugin.retry import Deadline, until_it_works
from kolibri_azure_plugin.settings import Settings
from kolibri_azure_plugin.wrapping import wraps
from kolibri_azure_plugin.zip_content import no_peers

logger = logging.getLogger(__name__)

#: Kolibri's WSGI module for the second origin: all that may run in this role.
WSGI_MODULE = "kolibri.deployment.default.alt_wsgi"

OWN_APP = "kolibri_azure_plugin"

#: Whoever asks this backend for anything gets an ImproperlyConfigured.
NO_DATABASE = "django.db.backends.dummy"

#: A WSGI application.
Application = Callable[["dict[str, Any]", Callable[..., Any]], Iterable[Any]]

LOCAL_CACHE = "django.core.cache.backends.locmem.LocMemCache"


def require_server_of_zip_content() -> None:
    """:raises SettingsError: when this process is anything else."""
    if WSGI_MODULE not in sys.modules:
        raise SettingsError(
            "This process may only serve interactive content.",
            expected=f"the WSGI module {WSGI_MODULE}: KOLIBRI_AZURE_ROLE is zipcontent, and such a "
            "process gets no database and no secret",
            found=_program(sys.argv),
            remedy="Type it in the shell of the web app that runs Kolibri itself.\n"
            "If that is this one: start the image without the word zipcontent, and\n"
            "az webapp config appsettings delete -g GROUP -n APP --setting-names "
            "KOLIBRI_AZURE_ROLE",
            code="zip-content-only",
        )


def _program(arguments: Sequence[str]) -> str:
    """Its name and the command; what follows may be nobody else's business."""
    return " ".join([os.path.basename(arguments[0]), *arguments[1:3]])


def verify_content(settings: Settings) -> None:
    """Make sure that the content share is there and works.

    :raises ContentShareError: when it does not work in time.
    """
    if settings.is_test:
        logger.warning(
            "THIS IS A TEST DEPLOYMENT (KOLIBRI_AZURE_DEPLOYMENT=test): nobody looks whether the "
            "content share is there."
        )
        return
    deadline = Deadline(settings.startup_timeout)
    verified = until_it_works(
        lambda: share.verify(settings.content_mount, settings.mount_types), deadline
    )
    remedies.note_mount(verified.mount.source)


def strip(base: Any) -> None:
    """Take away what this role has no use for: apps with their models, databases, shared caches.

    :param base: the module of Kolibri's settings.
    """
    base.INSTALLED_APPS = tuple(
        app for app in base.INSTALLED_APPS if getattr(app, "name", app) == OWN_APP
    )
    for entry in base.DATABASES.values():
        entry.clear()
        entry["ENGINE"] = NO_DATABASE
    for alias, entry in base.CACHES.items():
        # Kolibri's cache between processes is one of SQLite files.
        entry.pop("SHARDS", None)
        entry.update(BACKEND=LOCAL_CACHE, LOCATION=alias)
    # Django insists on a key; nothing is signed here.
    base.SECRET_KEY = MaskedString(token_urlsafe(48))
    no_peers.replace_client()


def answer_in_bytes(make: Callable[[], Application]) -> Callable[[], Application]:
    """Wrap ``get_application``, whose answer to an address that it does not know is text."""

    @wraps(make)
    def make_one_that_answers_in_bytes() -> Application:
        application = make()

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            parts = application(environ, start_response)
            return parts if parts != [""] else []

        return answer

    return make_one_that_answers_in_bytes
