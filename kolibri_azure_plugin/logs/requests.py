"""Adds the request and its client to each log line."""

from __future__ import annotations

import contextvars
import dataclasses
import ipaddress
import logging
import re
import uuid
from typing import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: Each response names its request, to find it in the logs.
REQUEST_ID_HEADER = "X-Request-ID"

#: The platform's id of a request: App Service's first, then that of other proxies.
REQUEST_ID_VARIABLES = ("HTTP_X_ARR_LOG_ID", "HTTP_X_REQUEST_ID")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: ``1.2.3.4:56789`` or ``[2001:db8::1]:56789``.
ADDRESS_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):\d+|\[(?P<v6>[0-9A-Fa-f:.]+)\](:\d+)?")


@dataclasses.dataclass(frozen=True)
class RequestInfo:
    """The request that each log line names."""

    id: str
    client: str


_current: contextvars.ContextVar[RequestInfo | None] = contextvars.ContextVar(
    "request", default=None
)


class RequestLog:
    """The outermost middleware: notes the request for the logs.

    Behind the proxy, it also puts the client's address where Kolibri looks for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._behind_proxy = settings.SECURE_PROXY_SSL_HEADER is not None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        facts = request_info(request.META, behind_proxy=self._behind_proxy)
        request.META["REMOTE_ADDR"] = facts.client
        token = _current.set(facts)
        try:
            response = self._get_response(request)
        finally:
            _current.reset(token)
        response.headers[REQUEST_ID_HEADER] = facts.id
        return response


def request_info(meta: dict[str, str], *, behind_proxy: bool) -> RequestInfo:
    """The request's id and its client's address.

    :param meta: the request's headers and variables, as Django has them.
    :param behind_proxy: True if every request comes through the platform's proxy, so its headers
        can be trusted.
    """
    client = meta.get("REMOTE_ADDR", "")
    # A request over a socket file has no address. It comes from the nginx of the same container,
    # which has already checked the headers.
    if client and not behind_proxy:
        return RequestInfo(uuid.uuid4().hex, client)
    # The platform appends the address that it saw. Anything before it may be forged.
    seen = meta.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", 1)[-1]
    named = (meta.get(variable, "") for variable in REQUEST_ID_VARIABLES)
    name = next((text for text in named if REQUEST_ID.fullmatch(text)), None)
    return RequestInfo(name or uuid.uuid4().hex, without_port(seen) or client)


def without_port(text: str) -> str:
    """An address as the platform writes it, without the port; empty if it is not an address."""
    match = ADDRESS_WITH_PORT.fullmatch(text.strip())
    address = (match["v4"] or match["v6"]) if match else text.strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def add_request_to_records() -> None:
    """Add the request to each log record when it is created.

    Another thread or process may write the record, and does not have the request.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "notes_requests", False):
        return

    def make_with_request(*arguments: object, **keywords: object) -> logging.LogRecord:
        record = make(*arguments, **keywords)
        facts = _current.get()
        # Django passes the whole request as ``request``, so that name is taken.
        record.azure_request = facts.id if facts else "-"
        record.azure_client = facts.client if facts else "-"
        return record

    make_with_request.notes_requests = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_with_request)
