"""Explains why a request to an Azure service was not answered."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from kolibri_azure_plugin.errors.redaction import redact

#: Seconds to wait for a connection, and for each read. The SDKs' default of 300 s is longer than
#: the platform waits for a start.
CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 6.0

#: Keyword arguments of every SDK client: one attempt within our own time-outs. The SDKs' retries
#: nest and obey any Retry-After; a start has its own retries, under one deadline.
CLIENT_OPTIONS: Mapping[str, Any] = {
    "connection_timeout": CONNECT_TIMEOUT,
    "read_timeout": READ_TIMEOUT,
    "retry_total": 0,
    "retry_connect": 0,
    "retry_read": 0,
    "retry_status": 0,
}

#: Status codes of a service that may recover a moment later.
TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})


def explain_unreachable(error: BaseException, name: str) -> dict[str, Any]:
    """``found``, ``remedy``, ``code`` and ``transient`` of an error for an unanswered request.

    :param name: the host of the request.
    """
    # The SDKs' HTTP client. Kolibri bundles its own version of it.
    import requests

    causes = list(causes_of(error))
    if _any(causes, socket.gaierror) or "NameResolutionError" in {type(c).__name__ for c in causes}:
        return {
            "found": f"the name {name} does not resolve",
            "remedy": f"nslookup {name}\n"
            "Check the spelling, and that the private DNS zone is linked to the app's network.",
            "code": "name-not-resolved",
            "transient": True,
        }
    # The innermost error has the clearest message. urllib3 has its own class for a wrong host name.
    certificate = (
        _any(causes, ssl.SSLError)
        or next((cause for cause in causes if type(cause).__name__ == "CertificateError"), None)
        or _any(causes, requests.exceptions.SSLError)
    )
    if certificate is not None:
        return {
            "found": f"the TLS certificate of {name} can't be trusted: {redact(str(certificate))}",
            "remedy": f"openssl s_client -connect {name}:443 -servername {name}\n"
            "If a proxy intercepts TLS, add its certificate authority to REQUESTS_CA_BUNDLE.",
            "code": "certificate-not-trusted",
            "transient": False,
        }
    if _any(causes, ConnectionRefusedError):
        found = f"{name} refused the connection"
    elif _any(causes, TimeoutError, socket.timeout) or "imeout" in type(error).__name__:
        found = f"{name} gave no answer in time"
    else:
        found = f"the connection to {name} broke: {redact(str(error))}"
    return {
        "found": found,
        "remedy": f"curl -sv https://{name}/ from a shell in the container\n"
        "Check the firewall, the private endpoint and the proxy settings of the network.",
        "code": "no-answer",
        "transient": True,
    }


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and all its causes, including those that libraries keep in an attribute."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        linked = (
            current.__cause__,
            current.__context__,
            getattr(current, "inner_exception", None),
            getattr(current, "reason", None),
            *current.args,
        )
        waiting.extend(link for link in linked if isinstance(link, BaseException))


def retry_after(error: Any) -> float:
    """Seconds of a Retry-After header; 0 if it is missing or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After", ""))
    return float(text) if text.isdecimal() else 0.0


def on_app_service() -> bool:
    """True in a container that App Service started."""
    return "WEBSITE_SITE_NAME" in os.environ


def _any(causes: list[BaseException], *kinds: type[BaseException]) -> BaseException | None:
    return next((cause for cause in causes if isinstance(cause, kinds)), None)
