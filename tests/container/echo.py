"""A WSGI application that says what reached it, and how fast; gunicorn runs it behind nginx."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from typing import Any, Callable

PIECE = 1 << 16


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    answer = _ANSWERS.get(path, _echo)
    return answer(environ, start_response)


def _echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The request's variables, its body's size, and when its first and last bytes came."""
    begun, size, first = time.monotonic(), 0, 0.0
    for piece in iter(lambda: environ["wsgi.input"].read(PIECE), b""):
        first = first or time.monotonic() - begun
        size += len(piece)
    facts = {
        "variables": {name: value for name, value in environ.items() if isinstance(value, str)},
        "size": size,
        "first": first,
        "last": time.monotonic() - begun,
        "process": os.getpid(),
    }
    body = json.dumps(facts).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def _large(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<p>the same again</p>" * 15_000]


def _slow(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    time.sleep(3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"at last"]


def _dies_once(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Ends its process, unless the file named in the query is there to say that it has."""
    path = environ["QUERY_STRING"]
    if not os.path.exists(path):
        open(path, "w").close()
        os._exit(1)
    return _echo(environ, start_response)


def _hangs(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    time.sleep(120)
    start_response("200 OK", [])
    return []


_ANSWERS = {
    "/large": _large,
    "/slow": _slow,
    "/dies-once": _dies_once,
    "/azure/health/ready": _hangs,
}
