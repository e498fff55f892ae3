"""Reduces Django to what a process needs that only serves interactive content."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from secrets import token_urlsafe
from typing import Any, Callable

from kolibri_azure_plugin.configuration.settings import ZIP_CONTENT_WSGI_MODULE, Settings
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.errors import SettingsError, remedies
from kolibri_azure_plugin.errors.redaction import MaskedString
from kolibri_azure_plugin.errors.remedies import delete_app_settings
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline
from kolibri_azure_plugin.web.zip_content import no_peers
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

OWN_APP = "kolibri_azure_plugin"

#: A backend that raises ImproperlyConfigured on any use.
NO_DATABASE = "django.db.backends.dummy"

#: A WSGI application.
Application = Callable[["dict[str, Any]", Callable[..., Any]], Iterable[Any]]

LOCAL_CACHE = "django.core.cache.backends.locmem.LocMemCache"


def require_zip_content_server() -> None:
    """Make sure that this process serves interactive content.

    :raises SettingsError: when it is anything else.
    """
    if ZIP_CONTENT_WSGI_MODULE not in sys.modules:
        raise SettingsError(
            "This process may only serve interactive content.",
            expected=f"the WSGI module {ZIP_CONTENT_WSGI_MODULE}: KOLIBRI_AZURE_ROLE is "
            "zipcontent, and such a process gets no database and no secret",
            found=_program(sys.argv),
            remedy="Run the command in the shell of the web app that runs Kolibri itself.\n"
            "If that is this one: start the image without the word zipcontent, and\n"
            + delete_app_settings("KOLIBRI_AZURE_ROLE"),
            code="zip-content-only",
        )


def _program(arguments: Sequence[str]) -> str:
    """The program's name and its command. Later arguments may be confidential."""
    return " ".join([os.path.basename(arguments[0]), *arguments[1:3]])


def verify_content(settings: Settings) -> None:
    """Make sure that the content share is mounted and works.

    :raises ContentShareError: when it does not within the start-up timeout.
    """
    if settings.is_test:
        logger.warning(
            "THIS IS A TEST DEPLOYMENT (KOLIBRI_AZURE_DEPLOYMENT=test): it does not check whether "
            "the content share is mounted."
        )
        return
    deadline = Deadline(settings.startup_timeout)
    verified = retry_until_deadline(
        lambda: share.verify(settings.content_mount, settings.mount_types), deadline
    )
    remedies.note_mount(verified.mount.source)


def strip(base: Any) -> None:
    """Remove what this role does not need: apps and their models, databases, shared caches.

    :param base: Kolibri's settings module.
    """
    base.INSTALLED_APPS = tuple(
        app for app in base.INSTALLED_APPS if getattr(app, "name", app) == OWN_APP
    )
    for entry in base.DATABASES.values():
        entry.clear()
        entry["ENGINE"] = NO_DATABASE
    for alias, entry in base.CACHES.items():
        # An option of Kolibri's process cache in SQLite files.
        entry.pop("SHARDS", None)
        entry.update(BACKEND=LOCAL_CACHE, LOCATION=alias)
    # Django requires a key, but nothing is signed here.
    base.SECRET_KEY = MaskedString(token_urlsafe(48))
    no_peers.replace_client()


def encode_response_body(make: Callable[[], Application]) -> Callable[[], Application]:
    """Wrap ``get_application``, which answers an unknown URL with text instead of bytes."""

    @wraps(make)
    def make_encoding_application() -> Application:
        application = make()

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            parts = application(environ, start_response)
            return parts if parts != [""] else []

        return answer

    return make_encoding_application
