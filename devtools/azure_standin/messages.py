"""Requests, responses, and their entries in the log."""

from __future__ import annotations

import http
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from urllib.parse import unquote

from devtools.azure_standin.tokens import Verdict


@dataclass
class Request:
    """A request. The last three fields are filled in later, for the log."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    client_id: str = ""
    resource: str = ""
    fault: str = ""

    @property
    def host(self) -> str:
        """The host name that the client requested."""
        return self.headers.get("Host", "").partition(":")[0].lower()

    @property
    def segments(self) -> list[str]:
        """The decoded parts of the path, ignoring a trailing slash."""
        return [unquote(part) for part in self.path.strip("/").split("/") if part]

    @property
    def bearer(self) -> str:
        """The token of the request, or an empty string."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def comes_from(self, verdict: Verdict) -> None:
        """Record the owner of the token, good or not."""
        if verdict.token is not None:
            self.client_id, self.resource = verdict.token.client_id, verdict.token.resource


@dataclass(frozen=True)
class Response:
    """An answer; `headers` need not include Content-Length."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(
        cls, status: int, content: object, headers: Mapping[str, str] | None = None
    ) -> Response:
        """An answer whose body is JSON."""
        content_type = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, json.dumps(content).encode(), {**content_type, **(headers or {})})

    def rendered(self, method: str) -> bytes:
        """The whole answer in one piece, because two small packets would wait for each other."""
        headers = {"Date": formatdate(usegmt=True), **self.headers}
        if method != "HEAD":
            headers["Content-Length"] = str(len(self.body))
        phrase = http.HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if method == "HEAD" else head + self.body


class RefusedError(Exception):
    """Ends the handling of a request with `response` as the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True)
class LoggedRequest:
    """A log entry for a request and its answer, without secrets, tokens or bodies.

    `status` is 0 if a fault prevented the answer; `fault` names the fault that struck.
    """

    service: str
    method: str
    path: str
    status: int
    client_id: str = ""
    resource: str = ""
    fault: str = ""
    time: float = field(default_factory=time.time)
