"""Runs commands of az where a made-up person is signed in and every request is answered 404.

Runs in az's own Python. Usage: unanswered.py FOLDER, with the commands as a list of lists of words
in JSON on standard input; the folder is az's configuration. Prints for each whether az understood
it, and what it said.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from urllib.parse import urlsplit

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"

#: Asked by az for news about itself, whatever the command is.
NEWS = "azcliprod.blob.core.windows.net"

#: az asks before it deletes something, and for a password, and there is nobody to answer.
NOBODY_TO_ASK = ("no tty available", "Missing input parameters: superuserPassword")

asked: list[str] = []


def configure(folder: str) -> None:
    """Sign somebody in, for az that is imported after this."""
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
        host = urlsplit(request.url).hostname
        if host != NEWS:
            asked.append(str(host))
        body = json.dumps({"error": {"code": "ResourceNotFound", "message": "nothing here"}})
        answer = requests.Response()
        answer.status_code = 404
        answer.headers["Content-Type"] = "application/json"
        answer.request, answer.url = request, str(request.url)
        answer.raw = urllib3.HTTPResponse(
            body=io.BytesIO(body.encode()),
            status=404,
            headers=answer.headers,
            preload_content=False,
        )
        return answer

    requests.adapters.HTTPAdapter.send = send
    Profile.get_login_credentials = lambda *_, **__: (Credential(), SUBSCRIPTION, TENANT)
    until = {"expires_on": 2**33, "expiresOn": "2242-03-16 12:56:32.000000"}
    token = ("Bearer", "made up", until)
    Profile.get_raw_token = lambda *_, **__: (token, SUBSCRIPTION, TENANT)


@contextlib.contextmanager
def said() -> Iterator[list[str]]:
    """What is written to stderr meanwhile, in a list that is filled at the end."""
    words: list[str] = []
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield words
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            words.append(file.read())


def run(words: list[str]) -> dict[str, object]:
    """Give az one command."""
    from azure.cli.core import get_default_cli

    asked.clear()
    code: object = 1
    with said() as words_of_az:
        try:
            code = get_default_cli().invoke(words, out_file=io.StringIO())
        except SystemExit as ended:
            code = ended.code
        except Exception as error:  # noqa: BLE001
            # Whatever a command raises over an answer that it did not expect.
            print(repr(error), file=sys.stderr)
    text = "".join(words_of_az)
    understood = not code or bool(asked) or any(words in text for words in NOBODY_TO_ASK)
    return {"accepted": understood, "words": text[-600:]}


def main() -> None:
    configure(sys.argv[1])
    commands = json.load(sys.stdin)
    cut_off()
    print(json.dumps([run(words) for words in commands]))


if __name__ == "__main__":
    main()
