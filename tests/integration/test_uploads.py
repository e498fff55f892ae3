"""Only visitors who have signed in can have the server store files."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

from .serving import gunicorn

pytestmark = pytest.mark.slow

TASKS = "/api/tasks/tasks/"

#: Addresses that read the forms of visitors who have not signed in.
PATHS = (
    "/api/auth/facilityuser/",
    "/api/auth/session/",
    "/api/morango/v1/certificates/",
    "/api/morango/v1/syncsessions/",
    TASKS,
)

#: What Django reads at once is less than this part of a file that is never completed.
LENGTH, PART = 10**7, 10**6

FORM = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


@pytest.fixture(scope="module")
def url(copied):
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        with gunicorn(deployment, "--workers=1") as server:
            yield server.url


@pytest.mark.parametrize("path", PATHS)
def test_a_file_of_a_visitor_is_refused_before_it_has_arrived(path, url):
    address = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {LENGTH}\r\n"
        "Content-Type: multipart/form-data; boundary=limit\r\n\r\n"
    )

    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(head.encode() + FORM + b"x" * PART)
        status = connection.recv(100).split(b" ")[1]

    assert status == b"403"


def test_a_file_of_an_administrator_arrives(url):
    administrator = KolibriClient(url)
    account = administrator.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    answer = administrator.request(
        "POST",
        TASKS,
        data={
            "type": "kolibri.core.auth.tasks.importusersfromcsv",
            "dryrun": "true",
            "locale": "en",
            "facility": account["facility_id"],
        },
        files={"csvfile": ("users.csv", b"Username\n" * 10**5)},
    )

    assert answer.status_code == 200, answer.text
