"""Plugins that Learning Equality publishes for servers work together with this one."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import DATABASE_PASSWORD, LEARNER, SECRET_KEY, run
from devtools.state import exclusive_lock, state_folder
from kolibri_azure_plugin.errors.redaction import MASK
from tests.package_index import install

from . import openid_provider
from .serving import gunicorn, signed_in

pytestmark = pytest.mark.slow

PLUGINS = (
    "kolibri_azure_plugin",
    "kolibri_sync_extras_plugin",
    "kolibri_sentry_plugin",
    "kolibri_oidc_client_plugin",
)

#: Installed as in docs/container.md: without the requirements that Kolibri has already, above all
#: Django.
PACKAGES = (
    "kolibri-sentry-plugin==0.3.0",
    "sentry-sdk==2.45.0",
    "kolibri-oidc-client-plugin==0.3.2",
    "mozilla-django-oidc==1.2.4",
    "josepy>=2,<3",
)

#: The SDK compresses its reports with the best program installed.
UNPACK = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}

MODULES = Path(__file__).parent / "modules"
READY, FAILS = "/azure/health/ready", "/fails/"
SOON = 60
CLIENT = ("kolibri.app", "a-secret-of-the-client")
STUDENT = {"sub": "42", "nickname": "fatima", "name": "Fatima of the provider"}


def installed(name, packages, *options):
    """A folder with these packages, fetched once into the state folder."""
    folder = state_folder() / f"{name}-python{sys.version_info[1]}"
    with exclusive_lock(folder.name):
        if not (folder / "complete").exists():
            install(folder, packages, *options)
            (folder / "complete").touch()
    return folder


class Reports(ThreadingHTTPServer):
    """Receives the reports of Sentry's SDK; `texts` are all envelopes so far."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.texts = []

    @property
    def dsn(self):
        return f"http://public@127.0.0.1:{self.server_port}/1"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.headers.get("Content-Encoding", "")
        self.server.texts.append(UNPACK[packed](body).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Log nothing; the tests look at the received envelopes."""


@pytest.fixture(scope="module")
def reports():
    with Reports() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def provider():
    with openid_provider.running(STUDENT, CLIENT) as server:
        yield server


@pytest.fixture(scope="module")
def site(copied, reports, provider):
    """Kolibri under gunicorn, with all the plugins."""
    with copied() as (deployment, _):
        folders = (MODULES, installed("other-plugins", PACKAGES, "--no-deps"))
        path = [deployment.environment["PYTHONPATH"], *map(str, folders)]
        deployment.environment.update(
            PYTHONPATH=os.pathsep.join(path),
            KOLIBRI_PLUGIN_ENABLE=",".join((*PLUGINS, "failing_page")),
            KOLIBRI_DEBUG_SENTRY_BACKEND_DSN=reports.dsn,
            KOLIBRI_DEBUG_SENTRY_ENVIRONMENT="test",
            CLIENT_ID=CLIENT[0],
            CLIENT_SECRET=CLIENT[1],
            KOLIBRI_OIDC_AUTHORIZATION_ENDPOINT=f"{provider.url}/authorize",
            KOLIBRI_OIDC_TOKEN_ENDPOINT=f"{provider.url}/token",
            KOLIBRI_OIDC_USERINFO_ENDPOINT=f"{provider.url}/userinfo",
            KOLIBRI_OIDC_JWKS_URI=f"{provider.url}/jwks",
        )
        listed = run(deployment.kolibri("plugin", "list"), deployment.environment, SOON)
        with gunicorn(deployment) as server:
            server.plugins = listed.stdout
            yield server


def test_it_starts_with_them_and_is_well(site):
    for plugin in PLUGINS:
        assert re.search(rf"{plugin}\W+ENABLED", site.plugins), site.plugins
    wait_until(lambda: requests.get(site.url + READY, timeout=30).ok, "readiness", SOON)
    page = requests.get(f"{site.url}/en/auth/", headers={"X-Forwarded-Proto": "https"}, timeout=60)
    assert "openid_login_item" in page.text


def test_the_users_of_kolibri_sign_in_as_before(site):
    (seen,) = signed_in(site.url).get("/api/auth/facilityuser/")
    assert seen["username"] == LEARNER


def test_a_student_signs_in_at_the_provider(site, provider):
    proxied = {"X-Forwarded-Proto": "https"}
    sent_there = requests.get(
        f"{site.url}/oidcauthenticate/", headers=proxied, allow_redirects=False, timeout=60
    )
    cookies = sent_there.cookies.get_dict()  # that are only for HTTPS
    asked = sent_there.headers["Location"]
    assert asked.startswith(f"{provider.url}/authorize?")

    sent_back = requests.get(asked, allow_redirects=False, timeout=60).headers["Location"]
    entered = requests.get(
        f"{site.url}/oidccallback/?{urlsplit(sent_back).query}",
        headers=proxied, cookies=cookies, allow_redirects=False, timeout=60,
    )  # fmt: skip

    assert (entered.status_code, entered.headers["Location"]) == (302, "/")
    page = requests.get(
        f"{site.url}/api/auth/facilityuser/",
        headers=proxied, cookies={**cookies, **entered.cookies.get_dict()}, timeout=60,
    )  # fmt: skip
    (seen,) = page.json()  # a learner sees no one else
    assert (seen["username"], seen["full_name"]) == ("fatima", STUDENT["name"])
    assert seen["roles"] == []


def test_a_report_of_an_error_comes_without_a_secret(site, reports):
    reports.texts.clear()
    headers = {"X-Forwarded-Proto": "https"}
    assert requests.get(site.url + FAILS, headers=headers, timeout=60).status_code == 500

    report = wait_until(
        lambda: next((text for text in reports.texts if "could not connect as" in text), None),
        "the report",
        SOON,
    )

    assert "by_name" in report, "the SDK sends no local variables any more"
    assert MASK in report
    for secret in (DATABASE_PASSWORD, SECRET_KEY):
        for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
            assert spelling not in report
