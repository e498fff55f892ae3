"""The REST interface of Azure Files, as far as needed to create, read, list and delete small files.

Protocol: https://learn.microsoft.com/rest/api/storageservices/file-service-rest-api and, for
tokens, https://learn.microsoft.com/azure/storage/files/authorize-oauth-rest. The intent header is
mandatory. Shares, unlike files and folders, accept tokens only since version 2024-11-04.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from devtools.azure_standin import file_answers as answers
from devtools.azure_standin.faults import Fault, Faults
from devtools.azure_standin.http_service import strike
from devtools.azure_standin.messages import RefusedError, Request, Response
from devtools.azure_standin.shares import (
    Share,
    Shares,
    create_file,
    delete,
    free_bytes,
    read_range,
    write_range,
)
from devtools.azure_standin.tokens import TokenLedger, Verdict

HOST_SUFFIX = ".file.core.windows.net"
FIRST_VERSION = "2022-11-02"
FIRST_VERSION_FOR_SHARES = "2024-11-04"

_FAULTS = {
    "authorization-failure": (403, "AuthorizationFailure"),
    "permission-mismatch": (403, "AuthorizationPermissionMismatch"),
    "share-not-found": (404, "ShareNotFound"),
    "server-error": (500, "InternalError"),
    "server-busy": (503, "ServerBusy"),
}
_CONTENT_HEADERS = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class FilesService:
    """Answers for every account: ``https://ACCOUNT.file.core.windows.net/SHARE/…``."""

    def __init__(self, shares: Shares, tokens: TokenLedger, faults: Faults) -> None:
        self._shares = shares
        self._tokens = tokens
        self._faults = faults

    def answer(self, request: Request) -> Response:
        """Check the token and its headers, then find the share and carry out the request."""
        self._authenticate(request)
        strike(self._faults, "files", request, _fault)
        account = request.host.removesuffix(HOST_SUFFIX)
        share = self._shares.find(account, (request.segments or [""])[0])
        if share is None:
            return answers.error(404, "ShareNotFound")
        act = _share if _is_about_share(request) else _entity
        return act(request, share)

    def _authenticate(self, request: Request) -> None:
        if not request.bearer:
            raise RefusedError(
                answers.error(401, "NoAuthenticationInformation", headers=answers.CHALLENGE)
            )
        first = FIRST_VERSION_FOR_SHARES if _is_about_share(request) else FIRST_VERSION
        if request.headers.get("x-ms-version", "") < first:
            detail = "Authentication scheme Bearer is not supported in this version."
            details = {"AuthenticationErrorDetail": detail}
            raise RefusedError(answers.error(403, "AuthenticationFailed", details))
        verdict = self._tokens.check(request.bearer, answers.RESOURCE)
        request.comes_from(verdict)
        if not verdict:
            raise RefusedError(answers.rejected(verdict))
        if request.headers.get("x-ms-file-request-intent", "").lower() != "backup":
            missing = {"HeaderName": "x-ms-file-request-intent"}
            raise RefusedError(answers.error(400, "MissingRequiredHeader", missing))


def _is_about_share(request: Request) -> bool:
    return request.query.get("restype") == "share"


def _fault(fault: Fault) -> Response:
    if fault.name == "token-rejected":
        return answers.rejected(Verdict("unknown"))
    return answers.error(*_FAULTS[fault.name])


def _share(request: Request, share: Share) -> Response:
    if request.method != "GET":
        return answers.error(405, "UnsupportedHttpVerb")
    if request.query.get("comp") == "stats":
        used = share.used_bytes()
        return answers.xml(
            200, f"<ShareStats><ShareUsageBytes>{used}</ShareUsageBytes></ShareStats>"
        )
    headers = {
        "x-ms-share-quota": str(share.quota),
        "x-ms-access-tier": "TransactionOptimized",
        "x-ms-enabled-protocols": "SMB",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
    }
    return answers.ok(share.folder, headers=headers)


def _entity(request: Request, share: Share) -> Response:
    try:
        place = share.locate(request.segments[1:])
    except ValueError:
        return answers.error(400, "InvalidUri")
    is_about_folder = request.query.get("restype") == "directory"
    act = (_FOLDER if is_about_folder else _FILE).get(request.method)
    if act is None:
        return answers.error(405, "UnsupportedHttpVerb")
    try:
        return act(request, share, place)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        missing = "ResourceNotFound" if place.parent.is_dir() else "ParentNotFound"
        return answers.error(404, missing)
    except OSError:
        return answers.error(500, "InternalError")


def _put_file(request: Request, share: Share, place: Path) -> Response:
    if request.query.get("comp") == "range":
        return _put_range(request, place)
    length = int(request.headers.get("x-ms-content-length", "0"))
    if length > min(share.quota * 2**30, free_bytes(share)):
        return answers.error(413, "InvalidRange")
    create_file(place, length)
    return answers.ok(place, status=201, headers={"x-ms-request-server-encrypted": "true"})


def _put_range(request: Request, place: Path) -> Response:
    span = _range(request)
    if span is None:
        return answers.error(400, "MissingRequiredHeader", {"HeaderName": "x-ms-range"})
    first, last = span
    size = place.stat().st_size
    if last is None or last >= size:
        return answers.error(416, "InvalidRange")
    if len(request.body) != last - first + 1:
        return answers.error(416, "InvalidRange")
    write_range(place, first, request.body)
    return answers.ok(place, status=201, headers={"x-ms-request-server-encrypted": "true"})


def _get_file(request: Request, _share: Share, place: Path) -> Response:
    size = place.stat().st_size
    span = _range(request)
    if span is None:
        return answers.ok(place, body=read_range(place, 0, size - 1), headers=_CONTENT_HEADERS)
    first, last = span
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        return answers.error(416, "InvalidRange", headers={"Content-Range": f"bytes */{size}"})
    headers = {**_CONTENT_HEADERS, "Content-Range": f"bytes {first}-{last}/{size}"}
    body = read_range(place, first, last)
    return answers.ok(place, status=206, body=body, headers=headers)


def _head_file(_request: Request, _share: Share, place: Path) -> Response:
    if place.is_dir():
        raise IsADirectoryError(place)
    length = {"Content-Length": str(place.stat().st_size)}
    return answers.ok(place, headers={**_CONTENT_HEADERS, **length, "x-ms-type": "File"})


def _delete_file(_request: Request, _share: Share, place: Path) -> Response:
    if place.is_dir():
        raise IsADirectoryError(place)
    delete(place)
    return Response(202, headers=answers.common_headers())


def _put_folder(_request: Request, _share: Share, place: Path) -> Response:
    try:
        place.mkdir()
    except FileExistsError:
        return answers.error(409, "ResourceAlreadyExists")
    return answers.ok(place, status=201)


def _get_folder(request: Request, share: Share, place: Path) -> Response:
    if not place.is_dir():
        raise FileNotFoundError(place)
    if request.query.get("comp") != "list":
        return answers.ok(place)
    prefix = request.query.get("prefix", "")
    found = sorted(path for path in place.iterdir() if path.name.startswith(prefix))
    where = "/".join(request.segments[1:])
    return answers.xml(
        200,
        f"<EnumerationResults ServiceEndpoint={quoteattr(f'https://{request.host}/')}"
        f" ShareName={quoteattr(share.name)} DirectoryPath={quoteattr(where)}>"
        f"<Entries>{''.join(map(_entry, found))}</Entries><NextMarker /></EnumerationResults>",
    )


def _delete_folder(_request: Request, _share: Share, place: Path) -> Response:
    if not place.is_dir():
        raise FileNotFoundError(place)
    if any(place.iterdir()):
        return answers.error(409, "DirectoryNotEmpty")
    delete(place)
    return Response(202, headers=answers.common_headers())


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
