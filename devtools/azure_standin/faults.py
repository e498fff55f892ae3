"""Faults on demand.

A fault belongs to one service (``identity``, ``vault`` or ``files``) and lasts until it is cleared
or has struck a given number of times. Transport faults affect every request or connection. Answer
faults (a status code with the service's own error body) affect only requests with a good token,
because the real services check the token first. So ``times=2`` fails two operations, regardless of
the challenges before them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

#: Strike after a request was read.
TRANSPORT_FAULTS = {
    "slow": "answers after `seconds` (default 0.05)",
    "hang": "reads the request and never answers",
    "drip": "sends the answer byte by byte, one every `seconds` (default 0.5)",
    "reset": "reads the request and resets the connection",
}
#: Strike a new connection, before TLS begins.
ROUTE_FAULTS = {
    "refused": "the proxy reports 502: the service's port is closed",
    "unknown-host": "the proxy reports 503: the service's name cannot be resolved",
}
#: Strike a TLS handshake.
CERTIFICATE_FAULTS = {
    "wrong-authority": "a certificate from an unknown authority",
    "wrong-host": "a certificate for another host name",
    "expired-certificate": "a certificate that expired an hour ago",
}
#: The vault's refusals, whose reason is in an inner error.
REFUSALS = {
    "forbidden-by-rbac": "403: no role assignment",
    "forbidden-by-policy": "403: no access policy",
    "forbidden-by-firewall": "403: the caller's address is not allowed",
    "disabled": "403 SecretDisabled",
}
#: The suffix of refusals without the inner error, which have only a message.
BARE = "-bare"
#: Answers to requests with a good token.
ANSWER_FAULTS = {
    "identity": {
        "unknown-identity": "400: no such identity on this app",
        "unauthorized": "401: the identity header is wrong",
        "forbidden": "403: the identity header is wrong",
        "not-found": "404",
        "throttled": "429, with Retry-After: `retry_after` when given",
        "server-error": "500",
        "not-ready": "503 as App Service, 410 as IMDS: still coming up",
        "bad-gateway": "502 with an HTML page, as from a device in between",
    },
    "vault": {
        **REFUSALS,
        **{f"{name}{BARE}": "the same without the inner error" for name in REFUSALS},
        "token-rejected": "401",
        "not-found": "404 SecretNotFound",
        "throttled": "429, with Retry-After: `retry_after` when given",
        "server-error": "500",
        "unavailable": "503",
        "bad-gateway": "502 with a page of HTML",
    },
    "files": {
        "authorization-failure": "403 AuthorizationFailure: the account's firewall",
        "permission-mismatch": "403 AuthorizationPermissionMismatch: no role assignment",
        "token-rejected": "401 InvalidAuthenticationInfo",
        "share-not-found": "404 ShareNotFound",
        "server-error": "500 InternalError",
        "server-busy": "503 ServerBusy",
        "bad-gateway": "502 with a page of HTML",
    },
}
SERVICES = tuple(ANSWER_FAULTS)

_DEFAULT_SECONDS = {"slow": 0.05, "drip": 0.5}


@dataclass(frozen=True)
class Fault:
    """One fault; `times` is how often it still strikes, None means until cleared."""

    name: str
    times: int | None = None
    seconds: float = 0.0
    retry_after: int | None = None


class Faults:
    """The active faults, by service."""

    def __init__(self) -> None:
        self._active: dict[str, dict[str, Fault]] = {service: {} for service in SERVICES}
        self._lock = threading.Lock()

    def add(
        self,
        service: str,
        name: str,
        *,
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
    ) -> Fault:
        """Activate a fault; replaces one of the same name."""
        known = names(service)
        if name not in known:
            raise ValueError(f"{service} has no fault {name!r}; it has {', '.join(known)}")
        if times is not None and times < 1:
            raise ValueError(f"times must be 1 or more, or absent; found {times}")
        seconds = _DEFAULT_SECONDS.get(name, 0.0) if seconds is None else seconds
        fault = Fault(name, times, seconds, retry_after)
        with self._lock:
            self._active[service][name] = fault
        return fault

    def remove(self, service: str | None = None, name: str | None = None) -> None:
        """Clear one fault, all of one service, or all."""
        if service is not None:
            names(service)
        with self._lock:
            for each in SERVICES if service is None else (service,):
                if name is None:
                    self._active[each].clear()
                else:
                    self._active[each].pop(name, None)

    def take(self, service: str, candidates: Iterable[str]) -> Fault | None:
        """Return the first active fault among `candidates`, and count one strike."""
        if service not in self._active:
            return None
        with self._lock:
            active = self._active[service]
            fault = next((active[name] for name in candidates if name in active), None)
            if fault is not None and fault.times is not None:
                if fault.times == 1:
                    del active[fault.name]
                else:
                    active[fault.name] = replace(fault, times=fault.times - 1)
            return fault

    def active(self) -> dict[str, list[Fault]]:
        """The active faults, by service."""
        with self._lock:
            return {service: list(faults.values()) for service, faults in self._active.items()}


def names(service: str) -> list[str]:
    """The faults that `service` can have."""
    if service not in ANSWER_FAULTS:
        raise ValueError(f"there is no service {service!r}; there are {', '.join(SERVICES)}")
    plain_http = service == "identity"
    per_connection = {} if plain_http else {**ROUTE_FAULTS, **CERTIFICATE_FAULTS}
    return [*ANSWER_FAULTS[service], *TRANSPORT_FAULTS, *per_connection]


def described() -> str:
    """Describe every fault of every service, for --help."""
    lines = []
    for service, answers in ANSWER_FAULTS.items():
        lines.append(f"  {service}:")
        lines += [f"    {name:28}{meaning}" for name, meaning in answers.items()]
    for title, faults in (
        ("every service", TRANSPORT_FAULTS),
        ("vault and files", {**ROUTE_FAULTS, **CERTIFICATE_FAULTS}),
    ):
        lines.append(f"  {title}:")
        lines += [f"    {name:28}{meaning}" for name, meaning in faults.items()]
    return "\n".join(lines)
