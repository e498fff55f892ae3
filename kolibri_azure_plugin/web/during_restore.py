"""Answers 503 while a backup is restored, and ends the web server after that.

The server's supervisor starts it again, and so it migrates an older backup, and remembers nothing
of the replaced tables. In the image this is s6, and nginx answers meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from http import HTTPStatus

import psycopg2
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from kolibri_azure_plugin.database import connections
from kolibri_azure_plugin.web.unavailable import unavailable

RESTORING = "A backup of this site is being restored. Please try again in a few minutes."

#: The process that loaded this module: with gunicorn's --preload, the parent of those that serve.
LOADED_BY = os.getpid()


class DuringRestore:
    """The outermost middleware, which also replaces the errors of requests in progress."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._gate = connections.current().gate
        self._gate.start_again_after_restore(end_server)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # While the gate is closed, each request looks again.
        if self._gate.is_closed and self._still_closed():
            return unavailable(RESTORING)
        response = self._get_response(request)
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and self._still_closed():
            return unavailable(RESTORING)
        return response

    def _still_closed(self) -> bool:
        with contextlib.suppress(DatabaseError, psycopg2.Error):
            connection.ensure_connection()
        return self._gate.is_closed


def end_server() -> None:
    """End the whole server in order, not only one of its processes."""
    server = LOADED_BY if LOADED_BY in (os.getpid(), os.getppid()) else os.getpid()
    os.kill(server, signal.SIGTERM)
