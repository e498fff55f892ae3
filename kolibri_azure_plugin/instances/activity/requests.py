"""The requests that nginx has answered, from the file in which it writes a line for each.

nginx writes through a buffer, so a line costs it next to nothing, and it neither knows nor cares
whether this file is read. Datagrams to a process would be different: nginx logs an error for each
one that is lost, because the process is gone or its queue of ten is full.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path

#: What docker/nginx/counts.conf writes in place of the first word: nginx has asked gunicorn.
PASSED = b"passed"

#: In a path: ids, hashes, and other numbers.
IDS = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|[0-9]+)(?![0-9A-Za-z])")

#: A part of a path that may contain text that somebody has typed.
TYPED = re.compile(r"[^/]*[^\w./:~+-][^/]*|[^/]{41,}", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Request:
    """A request and its answer.

    :param minute: when it ended, in minutes since 1970.
    :param passed: whether gunicorn was asked; otherwise nginx has answered by itself.
    :param page: method and path without ids, such as `GET /api/lesson/:id/`; empty if nginx has
        answered by itself, or if there is no such page.
    :param milliseconds: that gunicorn took.
    """

    minute: int
    passed: bool
    is_error: bool
    page: str = ""
    milliseconds: float = 0.0


class RequestLog:
    """The file that nginx appends to.

    :param path: it may appear later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> Iterator[Request]:
        """Each request that was written since, which is then removed from the file."""
        try:
            descriptor = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return
        with open(descriptor, "rb") as lines:
            # nginx appends, so after this its next line is the first one. A line written between
            # these two calls would be lost.
            while os.fstat(descriptor).st_size > lines.tell():
                yield from filter(None, map(parse, lines))
            os.ftruncate(descriptor, 0)


def parse(line: bytes) -> Request | None:
    """The request of a line; None if the line is damaged, as on a full disk.

    The fields are, with tabs between them: `kept` or `passed`, the time in seconds, the status, the
    method, the seconds until gunicorn's header and until its end, and the path.
    """
    try:
        answered, time, status, method, header, response, path = line.split(b"\t")
        minute, code = int(float(time) // 60), int(status)
        is_error = code >= 500  # noqa: PLR2004 - HTTP's server errors
        if answered != PASSED:
            return Request(minute, passed=False, is_error=is_error)
        seconds = _seconds(header) or _seconds(response)
    except ValueError:
        return None
    page = _page(method.decode("ascii", "replace"), path.decode("ascii", "replace").strip(), code)
    return Request(minute, passed=True, is_error=is_error, page=page, milliseconds=seconds * 1000)


def _seconds(times: bytes) -> float:
    """The sum of nginx's times, one for each process that it has asked: ``-, 0.010 : 0.200``."""
    words = times.replace(b",", b" ").replace(b":", b" ").split()
    return sum(float(word) for word in words if word != b"-")


def _page(method: str, path: str, status: int) -> str:
    """Without anything that could belong to a person. An address that does not exist has none."""
    if 400 <= status < 500:  # noqa: PLR2004 - HTTP's client errors
        return ""
    return f"{method} {TYPED.sub(':id', IDS.sub(':id', path))}"
