"""The managed identity endpoints: App Service's (api-version 2019-08-01) and a machine's (IMDS).

Protocols: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
and https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.
The App Service endpoint's message for a wrong header is undocumented; only its form is the same.
"""

from __future__ import annotations

import secrets
import time
import uuid

from devtools.azure_standin.faults import Fault, Faults
from devtools.azure_standin.http_service import strike
from devtools.azure_standin.messages import Request, Response
from devtools.azure_standin.tokens import TokenLedger, normalized

APP_SERVICE_PATH = "/msi/token"
APP_SERVICE_VERSION = "2019-08-01"
IMDS_PATH = "/metadata/identity/oauth2/token"
IMDS_VERSION = "2018-02-01"
KNOWN_RESOURCES = (
    "https://vault.azure.net",
    "https://storage.azure.com",
    "https://ossrdbms-aad.database.windows.net",
    "https://management.azure.com",
)
ONE_DAY = 86400.0

_NO_SUCH_IDENTITY = (
    "No User Assigned or Delegated Managed Identity found for specified"
    " ClientId/ResourceId/PrincipalId."
)
_NO_SYSTEM_IDENTITY = "Unable to load the proper Managed Identity."
_APP_SERVICE_FAULTS = {
    "unknown-identity": (400, _NO_SUCH_IDENTITY),
    "unauthorized": (401, "The identity header is missing or wrong."),
    "forbidden": (403, "The identity header is missing or wrong."),
    "not-found": (404, "Not found."),
    "throttled": (429, "Too many requests."),
    "server-error": (500, "An unexpected error occurred while fetching the AAD token."),
    "not-ready": (503, "The service is starting."),
}
_IMDS_FAULTS = {
    "unknown-identity": (400, "invalid_request", "Identity not found"),
    "unauthorized": (401, "unknown_source", "Unknown Source"),
    "forbidden": (403, "forbidden", "Forbidden"),
    "not-found": (404, "not_found", "IMDS endpoint is updating"),
    "throttled": (429, "too_many_requests", "Temporarily throttled, too many requests"),
    "server-error": (500, "unknown", "Failed to retrieve token from the Active directory."),
    "not-ready": (410, "gone", "IMDS is going through updates"),
}


class IdentityService:
    """Issues tokens for this app's identities to clients with the identity header."""

    def __init__(
        self,
        tokens: TokenLedger,
        faults: Faults,
        *,
        header: str | None = None,
        token_lifetime: float = ONE_DAY,
    ) -> None:
        self.header = header or uuid.uuid4().hex.upper()
        self.token_lifetime = token_lifetime
        self.system_assigned: str | None = str(uuid.uuid4())
        self.user_assigned: set[str] = set()
        self._tokens = tokens
        self._faults = faults

    def answer(self, request: Request) -> Response:
        """Answer as the endpoint with the requested path."""
        request.client_id = request.query.get("client_id", "")
        request.resource = normalized(request.query.get("resource", ""))
        if request.method == "GET" and request.path == APP_SERVICE_PATH:
            return self._app_service(request)
        if request.method == "GET" and request.path == IMDS_PATH:
            return self._imds(request)
        return _app_service_error(404, f"There is no {request.method} {request.path}.")

    def _app_service(self, request: Request) -> Response:
        header = request.headers.get("X-IDENTITY-HEADER", "")
        if not secrets.compare_digest(header.encode(), self.header.encode()):
            return _app_service_error(*_APP_SERVICE_FAULTS["unauthorized"])
        strike(self._faults, "identity", request, _app_service_fault)
        client_id = self._identity(request)
        version = request.query.get("api-version", "")
        if version != APP_SERVICE_VERSION:
            return _app_service_error(400, f"The api-version '{version}' is not supported.")
        if client_id is None:
            asked = request.client_id
            return _app_service_error(400, _NO_SUCH_IDENTITY if asked else _NO_SYSTEM_IDENTITY)
        if request.resource not in KNOWN_RESOURCES:
            return _app_service_error(500, _no_such_resource(request.resource))
        return Response.of_json(200, self._issued(client_id, request))

    def _imds(self, request: Request) -> Response:
        if request.headers.get("Metadata", "").lower() != "true":
            return _imds_error(400, "invalid_request", "Required metadata header not specified")
        strike(self._faults, "identity", request, _imds_fault)
        client_id = self._identity(request)
        if request.query.get("api-version") != IMDS_VERSION:
            return _imds_error(400, "invalid_request", "Required query variable 'api-version'")
        if client_id is None:
            return _imds_error(*_IMDS_FAULTS["unknown-identity"])
        if request.resource not in KNOWN_RESOURCES:
            return _imds_error(400, "invalid_resource", _no_such_resource(request.resource))
        issued, now = self._issued(client_id, request), int(time.time())
        expires_in = int(issued["expires_on"]) - now
        return Response.of_json(
            200, {**issued, "expires_in": str(expires_in), "not_before": str(now)}
        )

    def _identity(self, request: Request) -> str | None:
        """The client id of the requested identity, or None."""
        if not request.client_id:
            return self.system_assigned
        known = {*self.user_assigned, self.system_assigned}
        return request.client_id if request.client_id in known else None

    def _issued(self, client_id: str, request: Request) -> dict[str, str]:
        request.client_id = client_id
        token = self._tokens.issue(client_id, request.resource, self.token_lifetime)
        return {
            "access_token": token.value,
            "client_id": token.client_id,
            "expires_on": str(token.expires_on),
            "resource": token.resource,
            "token_type": "Bearer",
        }


def _app_service_fault(fault: Fault) -> Response:
    return _app_service_error(*_APP_SERVICE_FAULTS[fault.name], _retry_after(fault))


def _imds_fault(fault: Fault) -> Response:
    return _imds_error(*_IMDS_FAULTS[fault.name], _retry_after(fault))


def _app_service_error(
    status: int, message: str, headers: dict[str, str] | None = None
) -> Response:
    return Response.of_json(status, {"statusCode": status, "message": message}, headers)


def _imds_error(
    status: int, error: str, description: str, headers: dict[str, str] | None = None
) -> Response:
    return Response.of_json(status, {"error": error, "error_description": description}, headers)


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def _no_such_resource(resource: str) -> str:
    return (
        f"AADSTS500011: The resource principal named {resource} was not found in the tenant named"
        " Stand-in."
    )
