"""Calls Kolibri as a web server would, in this process; for modules that run inside Kolibri."""

from __future__ import annotations

import io
import sys
import time
from dataclasses import dataclass
from typing import Any

from kolibri.deployment.default.wsgi import application

#: Any 64 letters will do, as many as Django gives to browsers, if the cookie and the header agree.
CSRF_TOKEN = "a" * 64


@dataclass(frozen=True)
class Answer:
    """What one request got: its body, and its CPU time in milliseconds."""

    body: bytes
    took: float


def sign_in(username: str) -> tuple[str, str]:
    """Return the user's id and the cookies of a new session."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from kolibri.core.auth.backends import SessionStore
    from kolibri.core.auth.models import FacilityUser

    user = FacilityUser.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = user.id
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return user.id, f"{cookie}; {settings.CSRF_COOKIE_NAME}={CSRF_TOKEN}"


def noted_statements() -> list[str]:
    """A list that grows by each statement."""
    from django.db import connection

    sent: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        sent.append(statement)
        return execute(statement, *rest)

    connection.execute_wrappers.append(note)
    return sent


def ask(method: str, address: str, cookie: str, body: str = "", *, status: int = 200) -> Answer:
    """Make a request that is answered with `status`; `body` is JSON."""
    path, _, query = address.partition("?")
    content = body.encode()
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "HTTP_X_CSRFTOKEN": CSRF_TOKEN,
        "HTTP_ACCEPT": "*/*",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
    }
    statuses: list[str] = []
    begun = time.process_time()
    answer = application(environ, lambda status, *_: statuses.append(status))
    received = b"".join(answer)
    answer.close()
    took = (time.process_time() - begun) * 1000
    if not statuses[0].startswith(f"{status} "):
        raise RuntimeError(f"{method} {address} answered {statuses[0]}: {received[:500]!r}")
    return Answer(received, took)
