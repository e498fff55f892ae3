"""The servers in front of Kolibri in the container answer like Kolibri's own server."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import re
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devtools.channel import make_channel
from devtools.kolibri_process import Kolibri

from .fronts import require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]

IDS = [f"{number:032x}" for number in range(2000)]
NODES = "/api/content/contentnode/"
SESSION = "/api/auth/session/"
SIGN_IN = json.dumps({"username": "admin", "password": "admin-password"}).encode()
FORM = b"username=admin&password=admin-password"
BASIC = "Basic " + base64.b64encode(b"username=admin:admin-password").decode()
#: Headers of the answer itself; the others belong to the server.
TELLING = ("Content-Type", "Location", "Allow", "Content-Range", "Content-Encoding")


def line(method: str, address: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    """A request without a body."""
    given = ("Host: localhost", "Connection: close", "Accept: application/json", *headers)
    return "\r\n".join([f"{method} {address} {version}", *given, "", ""]).encode()


def sent(body: bytes, *headers: str, address: str = SESSION, method: str = "POST") -> bytes:
    """A request with a JSON body."""
    length = f"Content-Length: {len(body)}"
    return line(method, address, "Content-Type: application/json", length, *headers) + body


def in_chunks(body: bytes) -> bytes:
    """A request without the length of its body."""
    pieces = (body[start : start + 7] for start in range(0, len(body), 7))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = line("POST", SESSION, "Content-Type: application/json", "Transfer-Encoding: chunked")
    return head + chunks + b"0\r\n\r\n"


REQUESTS = {
    "2,000 ids": line("GET", f"{NODES}?ids={','.join(IDS)}"),
    "2,000 ids, their commas encoded": line("GET", f"{NODES}?ids={'%2C'.join(IDS)}"),
    "2,000 ids, each by itself": line("GET", f"{NODES}?{'&'.join(f'ids={each}' for each in IDS)}"),
    "2,000 ids, no slash at the end": line("GET", f"{NODES[:-1]}?ids={','.join(IDS)}"),
    "ids on a page that is kept": line("GET", f"/api/content/channel/?ids={','.join(IDS)}"),
    "a HEAD of 2,000 ids": line("HEAD", f"{NODES}?ids={','.join(IDS)}"),
    "a cookie of 20 kB": line("GET", "/api/public/info/", f"Cookie: a={'x' * 20_000}"),
    "a header of 60 kB": line("GET", "/api/public/info/", f"X-Long: {'x' * 60_000}"),
    "150 headers": line("GET", "/api/public/info/", *(f"X-Number-{n}: {n}" for n in range(150))),
    "a HEAD": line("HEAD", "/api/public/info/"),
    "OPTIONS": line("OPTIONS", NODES),
    "an unknown method": line("BREW", "/api/public/info/"),
    "a DELETE": line("DELETE", "/api/public/info/"),
    "a PATCH": sent(b"{}", address="/api/public/info/", method="PATCH"),
    "a PROPFIND": line("PROPFIND", "/api/public/info/"),
    "TRACE": line("TRACE", "/api/public/info/"),
    "a sign-in": sent(SIGN_IN),
    "a body in chunks": in_chunks(SIGN_IN),
    "a body that waits to be asked for": sent(SIGN_IN, "Expect: 100-continue"),
    "a body that is compressed": sent(gzip.compress(SIGN_IN), "Content-Encoding: gzip"),
    "a sign-in of 3 MB": sent(SIGN_IN + b" " * 3_000_000),
    "a sign-in of 15 kB": sent(SIGN_IN + b" " * 15_000),
    "a sign-in as a form": line(
        "POST",
        SESSION,
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(FORM)}",
    )
    + FORM,
    "a body of 3 MB": sent(SIGN_IN + b" " * 3_000_000, address="/api/auth/facilityuser/"),
    "a password in a header": line("GET", "/api/public/facilityuser/", f"Authorization: {BASIC}"),
    "a wrong one": line("GET", "/api/public/facilityuser/", "Authorization: Basic YTpi"),
    "an empty body": sent(b""),
    "two slashes": line("GET", "//api//public/info/"),
    "an encoded slash": line("GET", "/api%2Fpublic/info/"),
    "an encoded letter": line("GET", "/api/publi%63/info/"),
    "a dot": line("GET", "/api/./public/info/"),
    "two dots": line("GET", "/api/content/../public/info/"),
    "encoded dots": line("GET", "/api/content/%2e%2e/public/info/"),
    "dots above the root": line("GET", "/../api/public/info/"),
    "letters that are not ASCII": line("GET", f"{NODES}?kind_in=é"),
    "an address that is not ASCII": line("GET", "/é/"),
    "encoded letters that are not UTF-8": line("GET", f"{NODES}?kind_in=%FF"),
    "a percent sign alone": line("GET", f"{NODES}?kind_in=100%"),
    "a percent sign alone in the path": line("GET", "/api/100%/"),
    "an encoded NUL": line("GET", "/api/%00/"),
    "a backslash": line("GET", "/api\\public"),
    "a semicolon": line("GET", "/api/public/info/;a=b"),
    "no slash at the end": line("GET", "/api/public/info"),
    "an address with a host": line("GET", "http://localhost/api/public/info/"),
    "a part of a page": line("GET", "/api/public/info/", "Range: bytes=0-3"),
    "HTTP/1.0": line("GET", "/api/public/info/", version="HTTP/1.0"),
    "no host": b"GET /api/public/info/ HTTP/1.0\r\n\r\n",
    "no such page": line("GET", "/api/none/"),
    "a header with an underscore": line("GET", "/api/public/info/", "X_Forwarded_Proto: https"),
}


#: Requests with different answers (docs/container.md explains why).
OTHERWISE = {
    "a sign-in of 3 MB": 413,
    "a body in chunks": 200,
    "two slashes": 404,
    "an encoded slash": 200,
    "dots above the root": 400,
    "a percent sign alone in the path": 400,
    "an encoded NUL": 400,
    "an address with a host": 200,
}


@pytest.fixture(autouse=True)
def long_headers(monkeypatch):
    """Let Python's client read headers over 64 kB."""
    monkeypatch.setattr(http.client, "_MAXLINE", 1 << 20)


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """Kolibri's own server, and the container's in front of the same Kolibri."""
    require_nginx()
    folder = tmp_path_factory.mktemp("as-stock")
    kolibri = Kolibri(folder / "home", {"KOLIBRI_RUN_MODE": "test"})
    kolibri.provision(username="admin", password="admin-password", preset="formal")
    channel = make_channel(tmp_path_factory.mktemp("channel")) / "content"
    shutil.copytree(channel, kolibri.home / "content", dirs_exist_ok=True)
    kolibri.succeed("manage", "scanforcontent")
    of_the_image = {
        **kolibri.environment,
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_AZURE_DEPLOYMENT": "test",
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
        "KOLIBRI_CONTAINER_RUN": str(folder / "run"),
        "PYTHONPATH": str(REPOSITORY),
    }
    with (
        kolibri.start() as stock,
        start_gunicorn(
            folder,
            "kolibri_azure_plugin.web.wsgi:application",
            "app.sock",
            "--config=python:kolibri_azure_plugin.container.gunicorn_common",
            environment=of_the_image,
        ),
        start_front(folder, content=kolibri.home / "content") as front,
    ):
        stock.wait_until_serving()
        yield stock.url, front.url


def answer_to(url: str, request: bytes) -> tuple[int, dict[str, str | None], bytes]:
    """Status, relevant headers and body of a server's answer to a raw request."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request)
        method = request.partition(b" ")[0].decode()
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        telling = {name: answer.headers[name] for name in TELLING}
        return answer.status, telling, _without_the_moment(answer.read())


def _without_the_moment(body: bytes) -> bytes:
    """A body without the time and the numbers of each session."""
    return re.sub(rb'"(id|server_time)":\s*"[^"]*"', b"", body)


@pytest.mark.parametrize("name", REQUESTS)
def test_is_answered_as_stock_kolibri_answers_it(name, sides):
    stock, front = (answer_to(url, REQUESTS[name]) for url in sides)

    if name in OTHERWISE:
        assert front[0] == OTHERWISE[name] != stock[0]
    elif stock[0] >= 300:
        # The rest of such a page belongs to the server.
        assert front[0] == stock[0]
        assert front[1]["Location"] == stock[1]["Location"]
    else:
        assert front == stock
