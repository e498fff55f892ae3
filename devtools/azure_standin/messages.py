"""What a service is asked, what it answers, and what the log keeps of both."""

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
    """What was asked. The last three are filled in as they are learned, for the log."""

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
        """The host name that the client meant to ask."""
        return self.headers.get("Host", "").partition(":")[0].lower()

    @property
    def segments(self) -> list[str]:
        """The parts of the path, decoded; a slash at the end counts for nothing."""
        return [unquote(part) for part in self.path.strip("/").split("/") if part]

    @property
    def bearer(self) -> str:
        """The token that the request carries, or an empty string."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def comes_from(self, verdict: Verdict) -> None:
        """Note whose token it was, good or not."""
        if verdict.token is not None:
            self.client_id, self.resource = verdict.token.client_id, verdict.token.resource


@dataclass(frozen=True)
class Response:
    """An answer; `headers` need not say how long the body is."""

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
        """The whole answer in one piece: two small packets would wait for each other."""
        headers = {"Date": formatdate(usegmt=True), **self.headers}
        if method != "HEAD":
            headers["Content-Length"] = str(len(self.body))
        phrase = http.HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if method == "HEAD" else head + self.body


class RefusedError(Exception):
    """Raised while a request is looked at: `response` is the answer, and nothing more is done."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True)
class LoggedRequest:
    """A line of the log: what was asked and answered, never a secret, a token or a body.

    `status` is 0 when the answer never came (a fault), `fault` names the fault that struck.
    """

    service: str
    method: str
    path: str
    status: int
    client_id: str = ""
    resource: str = ""
    fault: str = ""
    time: float = field(default_factory=time.time)
