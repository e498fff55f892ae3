"""A WSGI application that returns the request it received; gunicorn runs it behind nginx."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

PIECE = 1 << 16

#: The names of an upload's files.
CALLED, READS = "called", "reads"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    answer = _ANSWERS.get(path, _echo)
    return answer(environ, start_response)


def _echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The request's variables, and its body's size."""
    facts = {
        "variables": {name: value for name, value in environ.items() if isinstance(value, str)},
        "size": sum(map(len, _pieces(environ))),
        "process": os.getpid(),
    }
    return _json(facts, start_response)


def _upload(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The body's size. The query's folder gets a file at the call, and one when data arrives."""
    folder = Path(environ["QUERY_STRING"])
    (folder / CALLED).touch()
    size = 0
    for piece in _pieces(environ):
        (folder / READS).touch()
        size += len(piece)
    return _json({"size": size}, start_response)


def _pieces(environ: dict[str, Any]) -> Iterator[bytes]:
    return iter(lambda: environ["wsgi.input"].read(PIECE), b"")


def _json(facts: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = json.dumps(facts).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def _large(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<p>the same again</p>" * 15_000]


def _slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Creates the file named in the query, and answers late."""
    open(environ["QUERY_STRING"], "w").close()
    time.sleep(3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"at last"]


def _dies_once(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Ends its process, unless the file named in the query shows that it already has."""
    path = environ["QUERY_STRING"]
    if not os.path.exists(path):
        open(path, "w").close()
        os._exit(1)
    return _echo(environ, start_response)


def _status_page(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The administrator's page, without a database if the query says so."""
    if environ["QUERY_STRING"] != "without-database":
        return _echo(environ, start_response)
    start_response("500 Internal Server Error", [("Content-Type", "text/html")])
    return [b"<h1>Server Error (500)</h1>"]


def _hangs(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    time.sleep(120)
    start_response("200 OK", [])
    return []


_ANSWERS = {
    "/azure/status/": _status_page,
    "/upload": _upload,
    "/large": _large,
    "/slow": _slow,
    "/dies-once": _dies_once,
    "/azure/health/ready": _hangs,
}
