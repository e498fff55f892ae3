"""The answers and error messages of Azure Files.

Codes and messages: https://learn.microsoft.com/rest/api/storageservices/file-service-error-codes
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from devtools.azure_standin.messages import Response
from devtools.azure_standin.shares import entity_headers
from devtools.azure_standin.tokens import Verdict
from devtools.azure_standin.vault import TENANT

RESOURCE = "https://storage.azure.com"

CHALLENGE = {
    "WWW-Authenticate": "Bearer"
    f" authorization_uri=https://login.microsoftonline.com/{TENANT}/oauth2/authorize"
    f" resource_id={RESOURCE}"
}
_MESSAGES = {
    "AuthenticationFailed": "Server failed to authenticate the request. Make sure the value of"
    " Authorization header is formed correctly including the signature.",
    "AuthorizationFailure": "This request is not authorized to perform this operation.",
    "AuthorizationPermissionMismatch": "This request is not authorized to perform this operation"
    " using this permission.",
    "DirectoryNotEmpty": "The specified directory is not empty.",
    "InternalError": "The server encountered an internal error. Please retry the request.",
    "InvalidAuthenticationInfo": "Server failed to authenticate the request. Please refer to the"
    " information in the www-authenticate header.",
    "InvalidRange": "The range specified is invalid for the current size of the resource.",
    "InvalidUri": "The request URI is invalid.",
    "MissingRequiredHeader": "An HTTP header that's mandatory for this request is not specified.",
    "NoAuthenticationInformation": "Server failed to authenticate the request. Please refer to the"
    " information in the www-authenticate header.",
    "ParentNotFound": "The specified parent path does not exist.",
    "ResourceAlreadyExists": "The specified resource already exists.",
    "ResourceNotFound": "The specified resource does not exist.",
    "ServerBusy": "The server is busy.",
    "ShareNotFound": "The specified share does not exist.",
    "UnsupportedHttpVerb": "The resource doesn't support the specified HTTP verb.",
}


def common_headers() -> dict[str, str]:
    """The headers of every answer."""
    return {
        "Server": "Windows-Azure-File/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": "2026-10-06",
    }


def ok(
    place: Path,
    *,
    status: int = 200,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer about a file or folder that exists."""
    entity = entity_headers(place)
    return Response(status, body, {**common_headers(), **entity, **(headers or {})})


def xml(status: int, content: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is XML."""
    body = f'<?xml version="1.0" encoding="utf-8"?>{content}'.encode()
    content_type = {"Content-Type": "application/xml"}
    return Response(status, body, {**common_headers(), **content_type, **(headers or {})})


def error(
    status: int,
    code: str,
    details: Mapping[str, str] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error with the service's own message for `code`, and extra elements from `details`."""
    when = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    message = f"{_MESSAGES[code]}\nRequestId:{uuid.uuid4()}\nTime:{when}"
    more = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in (details or {}).items())
    content = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>"
    return xml(status, content, {"x-ms-error-code": code, **(headers or {})})


def rejected(verdict: Verdict) -> Response:
    """The answer to a bad token."""
    detail = {
        "expired": "Lifetime validation failed. The token is expired.",
        "wrong-resource": "Audience validation failed. Audiences did not match.",
    }.get(verdict.reason, "Signature validation failed. Signature key not found.")
    details = {"AuthenticationErrorDetail": detail}
    return error(401, "InvalidAuthenticationInfo", details, headers=CHALLENGE)
