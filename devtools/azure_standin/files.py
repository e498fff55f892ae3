"""The REST interface of Azure Files, as far as a small file's life and a look around need it.

Protocol: https://learn.microsoft.com/rest/api/storageservices/file-service-rest-api and, for
tokens, https://learn.microsoft.com/azure/storage/files/authorize-oauth-rest: the intent header is
compulsory, and shares (rather than files and folders) take tokens since version 2024-11-04.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from devtools.azure_standin import shares as share_folder
from devtools.azure_standin.faults import ANSWER_FAULTS, Faults
from devtools.azure_standin.http_service import Request, Response
from devtools.azure_standin.shares import Share, Shares
from devtools.azure_standin.tokens import TokenLedger, Verdict
from devtools.azure_standin.vault import TENANT

HOST_SUFFIX = ".file.core.windows.net"
RESOURCE = "https://storage.azure.com"
FIRST_VERSION_WITH_TOKENS = "2022-11-02"
FIRST_VERSION_WITH_TOKENS_FOR_SHARES = "2024-11-04"

_CHALLENGE = {
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
_FAULTS = {
    "authorization-failure": (403, "AuthorizationFailure"),
    "permission-mismatch": (403, "AuthorizationPermissionMismatch"),
    "share-not-found": (404, "ShareNotFound"),
    "server-error": (500, "InternalError"),
    "server-busy": (503, "ServerBusy"),
}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class FilesService:
    """Answers for every account: ``https://ACCOUNT.file.core.windows.net/SHARE/…``."""

    def __init__(self, shares: Shares, tokens: TokenLedger, faults: Faults) -> None:
        self._shares = shares
        self._tokens = tokens
        self._faults = faults

    def answer(self, request: Request) -> Response:
        """Check the token, then the headers that it needs, then find the share and act on it."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if fault := self._faults.take("files", ANSWER_FAULTS["files"]):
            request.fault = fault.name
            if fault.name == "token-rejected":
                return _rejected(Verdict("unknown"))
            return _error(*_FAULTS[fault.name])
        account = request.host.removesuffix(HOST_SUFFIX)
        share = self._shares.find(account, (request.segments or [""])[0])
        if share is None:
            return _error(404, "ShareNotFound")
        if request.query.get("restype") == "share":
            return _share(request, share)
        return _entity(request, share)

    def _refusal(self, request: Request) -> Response | None:
        if not request.bearer:
            return _error(401, "NoAuthenticationInformation", headers=_CHALLENGE)
        version = request.headers.get("x-ms-version", "")
        if version < FIRST_VERSION_WITH_TOKENS:
            detail = "Authentication scheme Bearer is not supported in this version."
            return _error(403, "AuthenticationFailed", {"AuthenticationErrorDetail": detail})
        verdict = self._tokens.check(request.bearer, RESOURCE)
        if verdict.token is not None:
            request.client_id, request.resource = verdict.token.client_id, verdict.token.resource
        if not verdict:
            return _rejected(verdict)
        if request.headers.get("x-ms-file-request-intent", "").lower() != "backup":
            missing = {"HeaderName": "x-ms-file-request-intent"}
            return _error(400, "MissingRequiredHeader", missing)
        is_about_share = request.query.get("restype") == "share"
        if is_about_share and version < FIRST_VERSION_WITH_TOKENS_FOR_SHARES:
            detail = "Authentication scheme Bearer is not supported in this version."
            return _error(403, "AuthenticationFailed", {"AuthenticationErrorDetail": detail})
        return None


def _share(request: Request, share: Share) -> Response:
    if request.method != "GET":
        return _error(405, "UnsupportedHttpVerb")
    if request.query.get("comp") == "stats":
        used = share.used_bytes()
        return _xml(200, f"<ShareStats><ShareUsageBytes>{used}</ShareUsageBytes></ShareStats>")
    headers = {
        "x-ms-share-quota": str(share.quota),
        "x-ms-access-tier": "TransactionOptimized",
        "x-ms-enabled-protocols": "SMB",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
    }
    return _ok(share.folder, headers=headers)


def _entity(request: Request, share: Share) -> Response:
    try:
        place = share.locate(request.segments[1:])
    except ValueError:
        return _error(400, "InvalidUri")
    is_about_folder = request.query.get("restype") == "directory"
    act = (_FOLDER if is_about_folder else _FILE).get(request.method)
    if act is None:
        return _error(405, "UnsupportedHttpVerb")
    try:
        return act(request, share, place)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        missing = "ResourceNotFound" if place.parent.is_dir() else "ParentNotFound"
        return _error(404, missing)


def _put_file(request: Request, share: Share, place: Path) -> Response:
    if request.query.get("comp") == "range":
        return _put_range(request, place)
    length = int(request.headers.get("x-ms-content-length", "0"))
    if length > min(share.quota * 2**30, share_folder.free_bytes(share)):
        return _error(413, "InvalidRange")
    share_folder.create_file(place, length)
    return _ok(place, status=201, headers={"x-ms-request-server-encrypted": "true"})


def _put_range(request: Request, place: Path) -> Response:
    span = _range(request)
    if span is None:
        return _error(400, "MissingRequiredHeader", {"HeaderName": "x-ms-range"})
    first, last = span
    size = place.stat().st_size
    if last is None or last >= size:
        return _error(416, "InvalidRange")
    clears = request.headers.get("x-ms-write", "update").lower() == "clear"
    content = bytes(last - first + 1) if clears else request.body
    if len(content) != last - first + 1:
        return _error(416, "InvalidRange")
    share_folder.write_range(place, first, content)
    return _ok(place, status=201, headers={"x-ms-request-server-encrypted": "true"})


def _get_file(request: Request, share: Share, place: Path) -> Response:
    del share
    size = place.stat().st_size
    span = _range(request)
    if span is None:
        return _ok(place, body=share_folder.read_range(place, 0, size - 1), headers=_file_headers())
    first, last = span
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        return _error(416, "InvalidRange", headers={"Content-Range": f"bytes */{size}"})
    headers = {**_file_headers(), "Content-Range": f"bytes {first}-{last}/{size}"}
    body = share_folder.read_range(place, first, last)
    return _ok(place, status=206, body=body, headers=headers)


def _head_file(request: Request, share: Share, place: Path) -> Response:
    del request, share
    if place.is_dir():
        raise IsADirectoryError(place)
    length = {"Content-Length": str(place.stat().st_size)}
    return _ok(place, headers={**_file_headers(), **length, "x-ms-type": "File"})


def _delete_file(request: Request, share: Share, place: Path) -> Response:
    del request, share
    if place.is_dir():
        raise IsADirectoryError(place)
    share_folder.delete(place)
    return Response(202, headers=_headers())


def _put_folder(request: Request, share: Share, place: Path) -> Response:
    del request, share
    try:
        place.mkdir()
    except FileExistsError:
        return _error(409, "ResourceAlreadyExists")
    return _ok(place, status=201)


def _get_folder(request: Request, share: Share, place: Path) -> Response:
    if not place.is_dir():
        raise FileNotFoundError(place)
    if request.query.get("comp") != "list":
        return _ok(place)
    prefix = request.query.get("prefix", "")
    found = sorted(path for path in place.iterdir() if path.name.startswith(prefix))
    where = "/".join(request.segments[1:])
    return _xml(
        200,
        f"<EnumerationResults ServiceEndpoint={quoteattr(f'https://{request.host}/')}"
        f" ShareName={quoteattr(share.name)} DirectoryPath={quoteattr(where)}>"
        f"<Entries>{''.join(map(_entry, found))}</Entries><NextMarker /></EnumerationResults>",
    )


def _delete_folder(request: Request, share: Share, place: Path) -> Response:
    del request, share
    if not place.is_dir():
        raise FileNotFoundError(place)
    if any(place.iterdir()):
        return _error(409, "DirectoryNotEmpty")
    share_folder.delete(place)
    return Response(202, headers=_headers())


_FILE = {"PUT": _put_file, "GET": _get_file, "HEAD": _head_file, "DELETE": _delete_file}
_FOLDER = {"PUT": _put_folder, "GET": _get_folder, "HEAD": _get_folder, "DELETE": _delete_folder}


def _entry(path: Path) -> str:
    name = f"<Name>{escape(path.name)}</Name>"
    if path.is_dir():
        return f"<Directory>{name}<Properties /></Directory>"
    length = f"<Content-Length>{path.stat().st_size}</Content-Length>"
    return f"<File>{name}<Properties>{length}</Properties></File>"


def _range(request: Request) -> tuple[int, int | None] | None:
    asked = request.headers.get("x-ms-range") or request.headers.get("Range") or ""
    found = _RANGE.fullmatch(asked)
    return (int(found[1]), int(found[2]) if found[2] else None) if found else None


def _headers() -> dict[str, str]:
    return {
        "Server": "Windows-Azure-File/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": "2026-10-06",
    }


def _file_headers() -> dict[str, str]:
    return {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}


def _ok(
    place: Path,
    *,
    status: int = 200,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Response:
    entity = share_folder.entity_headers(place)
    return Response(status, body, {**_headers(), **entity, **(headers or {})})


def _xml(status: int, content: str, headers: Mapping[str, str] | None = None) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?>{content}'.encode()
    content_type = {"Content-Type": "application/xml"}
    return Response(status, body, {**_headers(), **content_type, **(headers or {})})


def _error(
    status: int,
    code: str,
    details: Mapping[str, str] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    when = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    message = f"{_MESSAGES[code]}\nRequestId:{uuid.uuid4()}\nTime:{when}"
    more = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in (details or {}).items())
    content = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>"
    return _xml(status, content, {"x-ms-error-code": code, **(headers or {})})


def _rejected(verdict: Verdict) -> Response:
    detail = {
        "expired": "Lifetime validation failed. The token is expired.",
        "wrong-resource": "Audience validation failed. Audiences did not match.",
    }.get(verdict.reason, "Signature validation failed. Signature key not found.")
    details = {"AuthenticationErrorDetail": detail}
    return _error(401, "InvalidAuthenticationInfo", details, headers=_CHALLENGE)
