"""Calls Kolibri as a web server does, in this process; bench.request_cost starts it.

Usage: python -m bench.requests_in_process USER REQUESTS

Prints JSON: for each request of the learner mix the statements of one that was asked before, and
the processor's milliseconds for each of REQUESTS, sorted.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

from kolibri.deployment.default.wsgi import application

WARM_UP = 20


def main() -> None:
    paths, cookie, sent = as_learner(sys.argv[1])
    found = {}
    for shown, path in paths.items():
        for _ in range(WARM_UP):
            call(path, cookie)
        sent.clear()
        call(path, cookie)
        statements = len(sent)
        times = sorted(call(path, cookie) for _ in range(int(sys.argv[2])))
        found[shown] = {"statements": statements, "times": times}
    print("FOUND", json.dumps(found))


def as_learner(username: str) -> tuple[dict[str, str], str, list[str]]:
    """Addresses by the names under which they are shown, a session's cookie, and what is sent."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.db import connection
    from kolibri.core.auth.backends import SessionStore
    from kolibri.core.auth.models import FacilityUser

    user = FacilityUser.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = user.id
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    sent: list[str] = []

    def note(execute: Any, statement: str, *rest: Any) -> Any:
        sent.append(statement)
        return execute(statement, *rest)

    connection.execute_wrappers.append(note)
    paths = (
        "/en/learn/",
        "/learn/api/state",
        "/api/content/channel/",
        f"/api/auth/facilityuser/{user.id}/",
        "/api/public/info/",
    )
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return {path.replace(user.id, "…"): path for path in paths}, cookie, sent


def call(path: str, cookie: str) -> float:
    """Milliseconds that the processor was busy with this request."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "HTTP_ACCEPT": "*/*",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    statuses: list[str] = []
    begun = time.thread_time()
    answer = application(environ, lambda status, *_: statuses.append(status))
    b"".join(answer)
    answer.close()
    took = (time.thread_time() - begun) * 1000
    if not statuses[0].startswith("200"):
        raise RuntimeError(f"{path} answered {statuses[0]}")
    return took


if __name__ == "__main__":
    main()
