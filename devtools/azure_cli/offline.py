"""Runs az commands with a fictitious user, without sending any request.

Runs in az's own Python. Usage: offline.py FOLDER, the folder for az's configuration. Reads JSON
from standard input: the commands, each a list of words, and one resource body for each type (see
answers.py). Each command runs first without any resources, so that every request is answered with
404. A command with ``--query`` runs again with the resources. Prints a report of each command as
JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Union
from urllib.parse import parse_qs, urlsplit

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"

#: az checks for updates here, with any command.
EXTENSION_INDEX_HOST = "azcliprod.blob.core.windows.net"

#: Signs that az has understood a command before sending a request: it asks for a confirmation or a
#: password, without a user to answer, or it already knows the user's subscriptions.
PARSED_MARKERS = (
    "no tty available",
    "Missing input parameters: superuserPassword",
    "doesn't exist in cloud",
)

#: The part of an address before the resource type.
SCOPE_PREFIX = re.compile(r".*/(?=Microsoft\.\w+(?:/|$))", re.IGNORECASE)

#: Some resource types have an address without a provider.
WITHOUT_PROVIDER = re.compile(r"(?<=/)(?=deployments/|locations$)", re.IGNORECASE)

NOT_FOUND = (404, {"error": {"code": "ResourceNotFound", "message": "nothing here"}})

Resource = Mapping[str, object]
Body = Union[Resource, str]
Bodies = Mapping[str, Body]

#: The requests of the running command; the existing resources, by type in lower case; and the name
#: of all resources.
asked: list[str] = []
existing: dict[str, Body] = {}
called = ""


def configure(folder: str) -> None:
    """Sign in a user. Call it before importing az."""
    extensions = os.path.join(os.path.expanduser("~"), ".azure", "cliextensions")
    os.environ.setdefault("AZURE_EXTENSION_DIR", extensions)
    os.makedirs(folder)
    os.environ["AZURE_CONFIG_DIR"] = folder
    os.environ["AZURE_CORE_COLLECT_TELEMETRY"] = "false"
    os.environ["AZURE_EXTENSION_USE_DYNAMIC_INSTALL"] = "no"
    profile = {
        "id": SUBSCRIPTION,
        "name": "made up",
        "state": "Enabled",
        "user": {"name": "somebody@example.org", "type": "user"},
        "isDefault": True,
        "tenantId": TENANT,
        "homeTenantId": TENANT,
        "environmentName": "AzureCloud",
        "managedByTenants": [],
    }
    with open(os.path.join(folder, "azureProfile.json"), "w", encoding="utf-8") as file:
        json.dump({"subscriptions": [profile]}, file)


class Credential:
    """Issues tokens that never expire and are useless."""

    def get_token(self, *_scopes: str, **_options: object) -> object:
        from azure.core.credentials import AccessToken

        return AccessToken("made up", 2**33)

    def get_token_info(self, *_scopes: str, **_options: object) -> object:
        from azure.core.credentials import AccessTokenInfo

        return AccessTokenInfo("made up", 2**33)


def cut_off() -> None:
    """Answer every request in this process."""
    import requests
    import urllib3
    from azure.cli.core._profile import Profile

    def send(_adapter: object, request: requests.PreparedRequest, **_options: object) -> object:
        status, body = answer(str(request.method), str(request.url))
        response = requests.Response()
        response.status_code, response.reason = status, "made up"
        response.headers["Content-Type"] = "application/json"
        response.request, response.url = request, str(request.url)
        response.raw = urllib3.HTTPResponse(
            body=io.BytesIO((body if isinstance(body, str) else json.dumps(body)).encode()),
            status=status,
            headers=response.headers,
            preload_content=False,
        )
        return response

    def download(url: object, *_: object, **__: object) -> object:
        asked.append(f"GET {url}")
        raise urllib.error.URLError("made up")

    requests.adapters.HTTPAdapter.send = send
    urllib.request.urlopen = download
    Profile.get_login_credentials = lambda *_, **__: (Credential(), SUBSCRIPTION, TENANT)
    until = {"expires_on": 2**33, "expiresOn": "2242-03-16 12:56:32.000000"}
    token = ("Bearer", "made up", until)
    Profile.get_raw_token = lambda *_, **__: (token, SUBSCRIPTION, TENANT)


def answer(method: str, url: str) -> tuple[int, Body]:
    """The status and body for a request."""
    parts = urlsplit(url)
    if parts.hostname != EXTENSION_INDEX_HOST:
        asked.append(f"{method} {url}")
    path = parts.path.replace("//", "/").rstrip("/")
    found = _found(path, parse_qs(parts.query), method) if existing else None
    return (200, found) if found else NOT_FOUND


def _found(path: str, query: Mapping[str, list[str]], method: str) -> Body | None:
    """The body of the resource at an address, or None."""
    if path.endswith("/resources"):
        return {"value": list(_without_properties(query.get("$filter", [""])[0]))}
    if path.rpartition("/")[0].lower().endswith("/resourcegroups"):
        return _resource("Microsoft.Resources/resourceGroups", {})
    if "/providers/" not in path:
        path = WITHOUT_PROVIDER.sub("Microsoft.Resources/", path)
    words = SCOPE_PREFIX.sub("", path).split("/")
    if len(words) == 1:
        return _provider(words[0])
    kind = "/".join(words[:1] + words[1::2])
    body = existing.get(kind.lower())
    if body is None or isinstance(body, str) or method == "POST":
        return body
    resource = _resource(kind, body)
    return resource if len(words) % 2 else {"value": [resource]}


def _without_properties(condition: str) -> Iterator[Resource]:
    """The resources in a list of all types, which omits their properties."""
    for kind in existing:
        if not condition or f"'{kind}'" in condition.lower():
            yield _resource(kind, {})


def _provider(namespace: str) -> Resource:
    """A resource provider with its types."""
    kinds = [kind.partition("/") for kind in existing]
    return {
        "namespace": namespace,
        "registrationState": "Registered",
        "resourceTypes": [
            {"resourceType": kind, "apiVersions": ["2025-01-01"], "locations": []}
            for provider, _, kind in kinds
            if provider == namespace.lower()
        ],
    }


def _resource(kind: str, body: Resource) -> Resource:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/GROUP"
    identifier = f"{group}/providers/{kind}/{called}"
    return {"id": identifier, "name": called, "type": kind, "location": "westeurope", **body}


@contextlib.contextmanager
def said() -> Iterator[list[str]]:
    """Capture stdout and stderr, in a list that is filled at the end."""
    words: list[str] = []
    sys.stdout.flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        for number in kept:
            os.dup2(file.fileno(), number)
        try:
            yield words
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            words.append(file.read())


def invoke(words: list[str]) -> tuple[object, str, str]:
    """Run az; return its exit code, its result and its other output."""
    from azure.cli.core import get_default_cli

    asked.clear()
    code: object = 1
    result = io.StringIO()
    with said() as words_of_az:
        try:
            code = get_default_cli().invoke(words, out_file=result)
        except SystemExit as ended:
            code = ended.code
        except Exception as error:  # noqa: BLE001
            # An unexpected answer may raise any exception.
            print(repr(error), file=sys.stderr)
    return code, result.getvalue(), "".join(words_of_az)


def try_out(words: list[str]) -> dict[str, object]:
    """Report whether az understands a command: if so, it sends a request."""
    code, _, text = invoke(words)
    understood = not code or bool(asked) or any(words in text for words in PARSED_MARKERS)
    return {"accepted": understood, "words": text[-600:], "finds": None}


def look_for(words: list[str], bodies: Bodies) -> dict[str, object]:
    """Report whether the ``--query`` of a command finds a value for every field."""
    global called
    options = dict(zip(words, words[1:]))
    called = options.get("-n") or options.get("--name") or "one"
    existing.update(bodies)
    try:
        code, result, text = invoke(_in_json(words))
    finally:
        existing.clear()
    if code:
        return {"finds": None, "words": "\n".join([*asked, text[-600:]])}
    found = json.loads(result or "null")
    whole = all(map(_is_whole, found)) if isinstance(found, list) else found is not None
    return {"finds": bool(found) and whole, "words": result[:600]}


def _in_json(words: list[str]) -> list[str]:
    formats = {position for position, word in enumerate(words) if word in ("-o", "--output")}
    kept = [word for at, word in enumerate(words) if at not in formats and at - 1 not in formats]
    return [*kept, "-o", "json"]


def _is_whole(element: object) -> bool:
    """Whether an element of a list has all requested values."""
    if isinstance(element, dict):
        element = list(element.values())
    return None not in element if isinstance(element, list) else element is not None


def report(words: list[str], bodies: Bodies) -> dict[str, object]:
    """Report how az handles one command."""
    tried = try_out(words)
    if tried["accepted"] and "--query" in words:
        return {**tried, **look_for(words, bodies)}
    return tried


def main() -> None:
    configure(sys.argv[1])
    given = json.load(sys.stdin)
    cut_off()
    bodies = {kind.lower(): body for kind, body in given["resources"].items()}
    print(json.dumps([report(words, bodies) for words in given["commands"]]))


if __name__ == "__main__":
    main()
