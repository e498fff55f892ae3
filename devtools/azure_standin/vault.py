"""Key Vault's secrets API, as far as reading secrets needs it.

Protocol: https://learn.microsoft.com/rest/api/keyvault/secrets and, for errors,
https://learn.microsoft.com/azure/key-vault/general/rest-error-codes. Two easy mistakes: the answer
to a request without a token is 401 with a challenge, which tells the SDK where to get one; and an
expired or not yet valid secret can still be read
(https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#date-time-controlled-operations).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping

from devtools.azure_standin.faults import BARE, REFUSALS, Fault, Faults
from devtools.azure_standin.http_service import strike
from devtools.azure_standin.messages import RefusedError, Request, Response
from devtools.azure_standin.secret_store import SecretStore, SecretVersion
from devtools.azure_standin.tokens import TokenLedger, Verdict

HOST_SUFFIX = ".vault.azure.net"
RESOURCE = "https://vault.azure.net"
TENANT = "9f1c5a3e-0000-4000-8000-5374616e6421"
API_VERSIONS = (
    *("2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6"),
    *("2025-07-01", "2026-04-01"),
)

Answer = Callable[[Request, Fault], Response]

_CHALLENGE = {
    "WWW-Authenticate": f'Bearer authorization="https://login.windows.net/{TENANT}",'
    f' resource="{RESOURCE}"'
}
_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_CALLER_ADDRESS = "203.0.113.7"


class VaultService:
    """Answers for every vault: ``https://NAME.vault.azure.net`` is the same store for any name."""

    def __init__(self, store: SecretStore, tokens: TokenLedger, faults: Faults) -> None:
        self._store = store
        self._tokens = tokens
        self._faults = faults

    def answer(self, request: Request) -> Response:
        """Check the token and the API version, then look up the secret."""
        self._authenticate(request)
        strike(self._faults, "vault", request, lambda fault: _FAULTS[fault.name](request, fault))
        _check_version(request.query.get("api-version", ""))
        topic, *rest = request.segments or [""]
        if topic != "secrets" or len(rest) > 2:
            return _error(404, "NotFound", "The requested resource was not found.")
        if request.method != "GET":
            return _forbidden_by_rbac(request)
        return self._secret(request, *rest) if rest else self._secrets(request)

    def _authenticate(self, request: Request) -> None:
        if not request.bearer:
            raise RefusedError(_unauthorized("AKV10000: Request is missing a Bearer or PoP token."))
        verdict = self._tokens.check(request.bearer, RESOURCE)
        request.comes_from(verdict)
        if not verdict:
            raise RefusedError(_unauthorized(_rejection_reason(verdict)))

    def _secrets(self, request: Request) -> Response:
        """List all secrets on one page; the real service splits after 25."""
        current = [(name, self._store.get(name)) for name in self._store.names()]
        return _listing([_properties(request, name, each) for name, each in current if each])

    def _secret(self, request: Request, name: str, version: str = "") -> Response:
        if not _SECRET_NAME.fullmatch(name):
            return _error(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if version == "versions":
            all_versions = self._store.versions(name)
            return _listing(
                [_properties(request, name, each, each.version) for each in all_versions]
            )
        secret = self._store.get(name, version)
        if secret is None:
            return _not_found(name)
        if not secret.enabled:
            return _disabled()
        properties = _properties(request, name, secret, secret.version)
        return Response.of_json(200, {"value": secret.value, **properties}, _headers())


def _check_version(version: str) -> None:
    if not version:
        raise RefusedError(_error(400, "BadParameter", "api-version must be specified"))
    if version not in API_VERSIONS:
        message = (
            f"The specified version ({version}) is not recognized."
            f" Consider using the latest supported version ({API_VERSIONS[-1]})."
        )
        raise RefusedError(_error(400, "BadParameter", message))


def _properties(
    request: Request, name: str, secret: SecretVersion, version: str = ""
) -> dict[str, object]:
    attributes: dict[str, object] = {
        "enabled": secret.enabled,
        "created": secret.created,
        "updated": secret.updated,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }
    if secret.expires is not None:
        attributes["exp"] = secret.expires
    if secret.not_before is not None:
        attributes["nbf"] = secret.not_before
    identifier = "/".join(filter(None, (f"https://{request.host}/secrets/{name}", version)))
    return {"id": identifier, "attributes": attributes}


def _listing(properties: list[dict[str, object]]) -> Response:
    return Response.of_json(200, {"value": properties, "nextLink": None}, _headers())


def _headers() -> dict[str, str]:
    return {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "x-ms-keyvault-region": "westeurope",
        "x-ms-keyvault-service-version": "1.9.2784.1",
        "x-ms-keyvault-network-info": f"conn_type=Ipv4;addr={_CALLER_ADDRESS};act_addr_fam=Inter",
        "x-ms-request-id": str(uuid.uuid4()),
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
    }


def _error(
    status: int,
    code: str,
    message: str,
    *,
    inner: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    error: dict[str, object] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Response.of_json(status, {"error": error}, {**_headers(), **(headers or {})})


def _unauthorized(message: str) -> Response:
    return _error(401, "Unauthorized", message, headers=_CHALLENGE)


def _rejection_reason(verdict: Verdict) -> str:
    if verdict.reason == "expired":
        return "[TokenExpired] Error validating token: 'S2S12086'."
    if verdict.token is not None:
        found = verdict.token.resource
        return f"AKV10022: Invalid audience. Expected {RESOURCE}, found: {found}."
    return "AKV10046: Unable to resolve the key used for signature validation."


def _caller(request: Request) -> str:
    object_id = uuid.uuid5(uuid.NAMESPACE_OID, request.client_id)
    return f"appid={request.client_id};oid={object_id};iss=https://sts.windows.net/{TENANT}/"


def _vault(request: Request) -> str:
    return f"{request.host.removesuffix(HOST_SUFFIX)};location=westeurope"


def _forbidden_by_rbac(request: Request) -> Response:
    vault = request.host.removesuffix(HOST_SUFFIX)
    operation = {"GET": "getSecret", "DELETE": "delete"}.get(request.method, "setSecret")
    message = (
        "Caller is not authorized to perform action on resource.\r\n"
        "If role assignments, deny assignments or role definitions were changed recently,"
        " please observe propagation time.\r\n"
        f"Caller: {_caller(request)}\r\n"
        f"Action: 'Microsoft.KeyVault/vaults/secrets/{operation}/action'\r\n"
        f"Resource: '/subscriptions/{TENANT}/resourcegroups/standin/providers"
        f"/microsoft.keyvault/vaults/{vault}{request.path.rstrip('/')}'\r\n"
        "Assignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\n"
        f"Vault: {_vault(request)}\r\n"
    )
    return _error(403, "Forbidden", message, inner="ForbiddenByRbac")


def _forbidden_by_policy(request: Request) -> Response:
    message = (
        f"The user, group or application '{_caller(request)}' does not have secrets get"
        f" permission on key vault '{_vault(request)}'. For help resolving this issue,"
        " please see https://go.microsoft.com/fwlink/?linkid=2125287"
    )
    return _error(403, "Forbidden", message, inner="ForbiddenByPolicy")


def _forbidden_by_firewall(request: Request) -> Response:
    message = (
        "Client address is not authorized and caller is not a trusted service.\r\n"
        f"Client address: {_CALLER_ADDRESS}\r\nCaller: {_caller(request)}\r\n"
        f"Vault: {_vault(request)}"
    )
    return _error(403, "Forbidden", message, inner="ForbiddenByFirewall")


def _bare(refuse: Answer) -> Answer:
    """The same answer without the inner error."""

    def answer(request: Request, fault: Fault) -> Response:
        refusal = refuse(request, fault)
        error = json.loads(refusal.body)["error"]
        return _error(refusal.status, error["code"], error["message"])

    return answer


def _disabled() -> Response:
    message = "Operation get is not allowed on a disabled secret."
    return _error(403, "Forbidden", message, inner="SecretDisabled")


def _not_found(name: str) -> Response:
    message = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted"
        " this secret you may be able to recover it using the correct recovery command. For help"
        " resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
    )
    return _error(404, "SecretNotFound", message)


def _throttled(fault: Fault) -> Response:
    message = (
        "Request was not processed because too many requests were received."
        " Reason: VaultRequestTypeLimitReached"
    )
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return _error(429, "Throttled", message, headers=headers)


_FAULTS: dict[str, Answer] = {
    "forbidden-by-rbac": lambda request, _: _forbidden_by_rbac(request),
    "forbidden-by-policy": lambda request, _: _forbidden_by_policy(request),
    "forbidden-by-firewall": lambda request, _: _forbidden_by_firewall(request),
    "token-rejected": lambda _, __: _unauthorized(_rejection_reason(Verdict("unknown"))),
    "not-found": lambda request, _: _not_found("".join(request.segments[1:2])),
    "disabled": lambda _, __: _disabled(),
    "throttled": lambda _, fault: _throttled(fault),
    "server-error": lambda _, __: _error(500, "InternalServerError", "An error occurred."),
    "unavailable": lambda _, __: _error(503, "ServiceUnavailable", "Try again later."),
}
_FAULTS |= {f"{name}{BARE}": _bare(_FAULTS[name]) for name in REFUSALS}
