"""Runs commands of az where a made-up person is signed in and nothing leaves this process.

Runs in az's own Python. Usage: unanswered.py FOLDER, with the folder for az's configuration. Reads
from standard input, in JSON, commands, each a list of words, and the resources that there are: the
body of one for each type (see answers.py). Each command is run where there is none of them, so that
every request is answered 404; one that looks for something by ``--query``, once more with them.
Prints a report of each command, in JSON.
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

#: Asked by az for news about itself, whatever the command is.
NEWS = "azcliprod.blob.core.windows.net"

#: Where az has understood a command without a request: it asks before it deletes something, and for
#: a password, and there is nobody to answer; and it knows the subscriptions of who is signed in.
UNDERSTOOD = (
    "no tty available",
    "Missing input parameters: superuserPassword",
    "doesn't exist in cloud",
)

#: What comes before a resource's type in an address.
UP_TO_THE_TYPE = re.compile(r".*/(?=Microsoft\.\w+(?:/|$))", re.IGNORECASE)

#: Some of what is of no provider has an address without one.
WITHOUT_PROVIDER = re.compile(r"(?<=/)(?=deployments/|locations$)", re.IGNORECASE)

NOTHING_HERE = (404, {"error": {"code": "ResourceNotFound", "message": "nothing here"}})

Resource = Mapping[str, object]
Body = Union[Resource, str]
Bodies = Mapping[str, Body]

#: What the command that runs has asked for; the resources that there are while it runs, by their
#: types in small letters, and what all of them are called.
asked: list[str] = []
existing: dict[str, Body] = {}
called = ""


def configure(folder: str) -> None:
    """Sign somebody in, for az that is imported after this."""
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
    """Its tokens are good for ever, and for nothing."""

    def get_token(self, *_scopes: str, **_options: object) -> object:
        from azure.core.credentials import AccessToken

        return AccessToken("made up", 2**33)

    def get_token_info(self, *_scopes: str, **_options: object) -> object:
        from azure.core.credentials import AccessTokenInfo

        return AccessTokenInfo("made up", 2**33)


def cut_off() -> None:
    """Let every request be answered here."""
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
    """Status and body for a request."""
    parts = urlsplit(url)
    if parts.hostname != NEWS:
        asked.append(f"{method} {url}")
    path = parts.path.replace("//", "/").rstrip("/")
    found = _found(path, parse_qs(parts.query), method) if existing else None
    return (200, found) if found else NOTHING_HERE


def _found(path: str, query: Mapping[str, list[str]], method: str) -> Body | None:
    """The body of what is at an address; None where there is nothing."""
    if path.endswith("/resources"):
        return {"value": list(_without_properties(query.get("$filter", [""])[0]))}
    if path.rpartition("/")[0].lower().endswith("/resourcegroups"):
        return _resource("Microsoft.Resources/resourceGroups", {})
    if "/providers/" not in path:
        path = WITHOUT_PROVIDER.sub("Microsoft.Resources/", path)
    words = UP_TO_THE_TYPE.sub("", path).split("/")
    if len(words) == 1:
        return _provider(words[0])
    kind = "/".join(words[:1] + words[1::2])
    body = existing.get(kind.lower())
    if body is None or isinstance(body, str) or method == "POST":
        return body
    resource = _resource(kind, body)
    return resource if len(words) % 2 else {"value": [resource]}


def _without_properties(condition: str) -> Iterator[Resource]:
    """The resources that a list of all kinds shows, which leaves their properties out."""
    for kind in existing:
        if not condition or f"'{kind}'" in condition.lower():
            yield _resource(kind, {})


def _provider(namespace: str) -> Resource:
    """A resource provider, as far as its types go."""
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
    """What is written to stdout and stderr meanwhile, in a list that is filled at the end."""
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
    """Exit code of az, its result, and what else it said."""
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
            # Whatever a command raises over an answer that it did not expect.
            print(repr(error), file=sys.stderr)
    return code, result.getvalue(), "".join(words_of_az)


def try_out(words: list[str]) -> dict[str, object]:
    """Whether az understands a command: then it gets as far as a request."""
    code, _, text = invoke(words)
    understood = not code or bool(asked) or any(words in text for words in UNDERSTOOD)
    return {"accepted": understood, "words": text[-600:], "finds": None}


def look_for(words: list[str], bodies: Bodies) -> dict[str, object]:
    """Whether a command finds what its ``--query`` looks for, in every place that it looks at."""
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
    """Whether an element of a list has all that was asked of it."""
    if isinstance(element, dict):
        element = list(element.values())
    return None not in element if isinstance(element, list) else element is not None


def report(words: list[str], bodies: Bodies) -> dict[str, object]:
    """What az makes of one command."""
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
