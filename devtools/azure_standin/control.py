"""Control of a running stand-in from another process: HTTP with JSON, on loopback.

GET    /                          this text
GET    /environment               variables for the program under test; ?identity=imds or none
GET    /environment.sh            the same, for a shell's `eval`
PUT    /secrets/NAME              {"value": "…", "enabled": true, "expires": …, "not_before": …}
DELETE /secrets/NAME
POST   /secrets/NAME/disable      and /enable
GET    /secrets                   names and versions, no values
PUT    /faults/SERVICE/FAULT      {"times": 2, "seconds": 0.05, "retry_after": 1}, all optional
DELETE /faults/SERVICE/FAULT      also /faults/SERVICE and /faults
GET    /faults
PUT    /identities/CLIENT_ID      and DELETE; /identities/system too
PUT    /token-lifetime            {"seconds": 3600}, for new tokens
PUT    /shares/ACCOUNT/NAME       {"folder": "/path", "quota": 100}; DELETE
GET    /requests                  all requests so far; DELETE clears them
POST   /tokens                    {"resource": "https://…", "client_id": …, "lifetime": …}
POST   /tokens/check              {"token": "…", "resource": "https://…"}: is it valid now?
"""

from __future__ import annotations

import json
import shlex
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devtools.azure_standin.cloud import Cloud
from devtools.azure_standin.messages import Request, Response

HELP = __doc__ or ""


class Control:
    """The control endpoint of one stand-in."""

    def __init__(self, standin: Cloud) -> None:
        self._standin = standin

    def answer(self, request: Request) -> Response:
        """Execute a request; answer a mistake in it with 400 and an explanation."""
        topic, *rest = request.segments or ["help"]
        handler = getattr(self, f"_{topic.replace('-', '_').replace('.', '_')}", None)
        if topic not in _TOPICS or handler is None:
            return _error_response(
                404, f"there is nothing at {request.path}; GET / lists what there is"
            )
        try:
            content = json.loads(request.body) if request.body else {}
            result = handler(request, rest, content)
        except (ValueError, TypeError, KeyError, IndexError) as error:
            return _error_response(400, str(error))
        if isinstance(result, str):
            return Response(200, result.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        return Response.of_json(200, {"done": True} if result is None else result)

    def _help(self, *_: object) -> str:
        return HELP

    def _environment(self, request: Request, *_: object) -> dict[str, str]:
        return self._standin.environment(request.query.get("identity", "app-service"))

    def _environment_sh(self, request: Request, *_: object) -> str:
        return as_shell(self._environment(request))

    def _secrets(self, request: Request, rest: list[str], content: dict[str, Any]) -> object:
        if not rest:
            store = self._standin.secrets
            return {name: [each.version for each in store.versions(name)] for name in store.names()}
        name = rest[0]
        if request.method == "PUT":
            return {"version": self._standin.set_secret(name, **content).version}
        if request.method == "DELETE":
            self._standin.delete_secret(name)
            return None
        if rest[1:] not in (["enable"], ["disable"]):
            raise ValueError("POST /secrets/NAME/enable or /secrets/NAME/disable")
        self._standin.secrets.enable(name, enabled=rest[1] == "enable")
        return None

    def _faults(self, request: Request, rest: list[str], content: dict[str, Any]) -> object:
        if request.method == "PUT":
            service, fault = rest
            return asdict(self._standin.fail(service, fault, **content))
        if request.method == "DELETE":
            self._standin.clear_faults(*rest)
        active = self._standin.faults.active()
        return {service: [asdict(fault) for fault in faults] for service, faults in active.items()}

    def _identities(self, request: Request, rest: list[str], _: object) -> None:
        identity, is_put = self._standin.identity, request.method == "PUT"
        if rest == ["system"]:
            identity.system_assigned = str(uuid.uuid4()) if is_put else None
        elif is_put:
            identity.user_assigned.add(rest[0])
        else:
            identity.user_assigned.discard(rest[0])

    def _token_lifetime(self, _: Request, __: list[str], content: dict[str, Any]) -> None:
        self._standin.identity.token_lifetime = float(content["seconds"])

    def _shares(self, request: Request, rest: list[str], content: dict[str, Any]) -> None:
        account, name = rest
        if request.method == "DELETE":
            self._standin.shares.remove(account, name)
        else:
            folder, quota = Path(content["folder"]), int(content.get("quota", 100))
            self._standin.add_share(account, name, folder, quota)

    def _requests(self, request: Request, *_: object) -> list[dict[str, Any]]:
        if request.method == "DELETE":
            self._standin.forget_requests()
        return [asdict(each) for each in self._standin.requests]

    def _tokens(self, _: Request, rest: list[str], content: dict[str, Any]) -> dict[str, Any]:
        if rest == ["check"]:
            verdict = self._standin.tokens.check(content["token"], content["resource"])
            owner = verdict.token.client_id if verdict.token else ""
            return {"valid": bool(verdict), "reason": verdict.reason, "client_id": owner}
        return asdict(self._standin.issue_token(**content))


_TOPICS = {
    *("help", "environment", "environment.sh", "secrets", "faults", "identities"),
    *("token-lifetime", "shares", "requests", "tokens"),
}


def as_shell(variables: dict[str, str]) -> str:
    """Format variables as lines for a shell's `eval`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _error_response(status: int, message: str) -> Response:
    return Response.of_json(status, {"error": message})
