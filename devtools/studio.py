"""A stand-in for Kolibri Studio, the content server: a stock Kolibri, and two answers in front.

A Kolibri imports from another Kolibri as it does from Studio. In two answers, they differ:

- Studio knows tokens: its lookup of a token lists the channels that the token names, and 404 if
  there is none. A Kolibri knows only ids.
- Studio keeps the database of each version of a channel, as ``ID-VERSION.sqlite3``, which Kolibri
  fetches for a token. A Kolibri has one database per channel.

Everything else is the stock Kolibri's own answer.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from devtools.loopback_server import LoopbackServer

LOOKUP = "/api/public/v1/channels/lookup/"
STORAGE = "/content/storage/"
DATABASES = "/content/databases/"

#: A channel's id is longer than any token.
ID_DIGITS = 32

VERSION = re.compile(r"(?<=[0-9a-f]{32})-\d+(?=\.sqlite3)")

#: Headers that are about one connection.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Studio(LoopbackServer):
    """A server with the channels of a stock Kolibri.

    :param kolibri: the address of the stock Kolibri that has the channels.
    :param tokens: the ids of the channels that each token names, without a hyphen.
    :ivar requests: the path of each request so far.
    :ivar files_flow: while it is cleared, requests for files of channels wait.
    :ivar databases_lost: while it is set, there are no databases of channels.
    :ivar lost_files: the parts of paths by which files of channels are missing.
    """

    def __init__(self, kolibri: str, tokens: Mapping[str, list[str]], *, port: int = 0) -> None:
        self.kolibri = urlsplit(kolibri).netloc
        self.tokens = tokens
        self.requests: list[str] = []
        self.files_flow = threading.Event()
        self.files_flow.set()
        self.databases_lost = threading.Event()
        self.lost_files: set[str] = set()
        methods = dict.fromkeys(("do_GET", "do_HEAD"), _Handler.answer)
        super().__init__(type("Handler", (_Handler,), {"studio": self, **methods}), port=port)

    def __exit__(self, *error: object) -> None:
        self.files_flow.set()
        super().__exit__(*error)

    def requested(self, part: str) -> list[str]:
        """The paths of requests with this part."""
        return [path for path in self.requests if part in path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    studio: Studio

    def log_message(self, *_arguments: Any) -> None:
        """Print nothing."""

    def answer(self) -> None:
        self.studio.requests.append(f"{self.command} {self.path}")
        path, _, query = self.path.partition("?")
        identifier = path.removeprefix(LOOKUP).replace("-", "")
        if path.startswith(LOOKUP) and len(identifier) < ID_DIGITS:
            self._answer_token(identifier, query)
        elif path.startswith(DATABASES) and self.studio.databases_lost.is_set():
            self._answer(404, [], b"")
        else:
            if path.startswith(STORAGE):
                self.studio.files_flow.wait()
            if path.startswith(STORAGE) and any(part in path for part in self.studio.lost_files):
                self._answer(404, [], b"")
            else:
                self._answer(*self._ask(VERSION.sub("", self.path)))

    def _answer_token(self, token: str, query: str) -> None:
        listed = []
        for channel_id in self.studio.tokens.get(token, []):
            _, _, body = self._ask(f"{LOOKUP}{channel_id}?{query}")
            listed += json.loads(body)
        self._answer(
            200 if listed else 404,
            [("Content-Type", "application/json")],
            json.dumps(listed).encode() if listed else b"",
        )

    def _ask(self, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP
        }
        connection = http.client.HTTPConnection(self.studio.kolibri)
        with contextlib.closing(connection):
            connection.request(self.command, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = next((v for name, v in headers if name.lower() == "content-length"), "0")
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
