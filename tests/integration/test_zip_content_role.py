"""Role zipcontent: interactive content from the share, without database, secrets or peers."""

from __future__ import annotations

import hashlib
import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from devtools import share
from devtools.channel import make_channel
from devtools.channel.content import PAGE_TITLE, VIDEO_TITLE, resources
from devtools.deadline import wait_until
from tests.fuse import NEEDS_FUSE

from .content_app import content_app, databases
from .serving import children, zip_content_server

LIVE, READY = "/azure/health/live", "/azure/health/ready"

#: Seconds in which a probe must have its answer, and in which a change must be noticed.
ANSWERED, NOTICED = 5.0, 30

#: MB that master and worker may use together, with the share's stand-in.
MAX_MEMORY_MB = 80


def files():
    """The file name of each resource, by title."""
    found = {}
    for resource in resources():
        digest = hashlib.md5(resource.content).hexdigest()
        found[resource.title] = f"{digest}.{resource.extension}"
    return found


PAGE, VIDEO = files()[PAGE_TITLE], files()[VIDEO_TITLE]
VIDEO_PATH = f"/content/storage/{VIDEO[0]}/{VIDEO[1]}/{VIDEO}"
PAGE_PATH = f"/content/zipcontent/{PAGE}/index.html"


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    """The content folder of a small channel."""
    return make_channel(tmp_path_factory.mktemp("drive")) / "content"


@pytest.fixture
def app(tmp_path, channel, mounts):
    return content_app(tmp_path, channel)


@pytest.fixture(scope="module")
def served(tmp_path_factory, channel, mounts):
    """The app and its server, on a share that can hang."""
    app = content_app(tmp_path_factory.mktemp("content-app"), channel)
    app.kind = "bind-then-hang"
    with zip_content_server(app) as server:
        yield app, server
    assert not databases(app)


def get(server, path, **options):
    return requests.get(server.url + path, timeout=10, **options)


@pytest.mark.essential
def test_a_page_and_its_files_come_out_of_the_archive_on_the_share(served):
    _, server = served
    answer = get(server, PAGE_PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "window.parent.sandbox" in answer.text
    assert get(server, PAGE_PATH).text == answer.text


def test_a_part_of_a_video_can_be_had(served):
    app, server = served
    answer = get(server, VIDEO_PATH, headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    stored = app.share / "storage" / VIDEO[0] / VIDEO[1] / VIDEO
    assert answer.content == stored.read_bytes()[100:200]


def test_kolibris_own_addresses_are_not_here_and_leave_no_traceback(served):
    _, server = served
    for path in (
        "/",
        "/en/learn/",
        "/api/public/info/",
        "/static/x.js",
        "/status/",
        "/favicon.ico",
    ):
        answer = get(server, path, allow_redirects=False)
        assert (answer.status_code, answer.content) == (404, b""), path
    assert "Traceback" not in server.output


def test_probes_are_answered_on_any_host(served):
    _, server = served
    assert get(server, LIVE, headers={"Host": "169.254.130.3:8000"}).json() == {"status": "live"}
    wait_until(lambda: get(server, READY).ok, "readiness", NOTICED)
    assert get(server, READY).json() == {"status": "ready", "checks": {"content": "pass"}}


def test_details_are_refused(served):
    _, server = served
    assert get(server, f"{READY}?detail").status_code == 404


@NEEDS_FUSE
def test_a_share_that_hangs_is_told_in_time(served):
    app, server = served
    share.hang(app.share)
    try:
        wait_until(lambda: get(server, READY).status_code == 503, "a 503", NOTICED)
        begun = time.monotonic()
        assert get(server, READY).json() == {"status": "not ready", "checks": {"content": "fail"}}
        assert time.monotonic() - begun < ANSWERED
        assert get(server, LIVE).status_code == 200
    finally:
        share.recover(app.share)
    wait_until(lambda: get(server, READY).ok, "readiness", NOTICED)


@NEEDS_FUSE
def test_a_page_is_not_called_missing_while_the_share_is_dead(served):
    app, server = served
    missing = f"/content/zipcontent/{'0' * 32}.zip/index.html"
    assert get(server, missing).status_code == 404
    share.kill(app.share)
    try:
        wait_until(lambda: get(server, PAGE_PATH).status_code != 200, "an outage", NOTICED)
        answer = get(server, PAGE_PATH)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "10")
        assert "can't be shown at the moment" in answer.text
        assert get(server, missing).status_code == 503
    finally:
        share.recover(app.share)
    wait_until(lambda: get(server, PAGE_PATH).status_code == 200, "the page", NOTICED)
    assert get(server, missing).status_code == 404
    assert "Traceback" not in server.output


@pytest.mark.parametrize(
    "path, status",
    [
        (VIDEO_PATH + "?baseurl={peer}", 200),
        ("/content/storage/0/0/00000000000000000000000000000000.mp4?baseurl={peer}", 404),
        (f"{PAGE_PATH}?baseurl={{peer}}", 200),
        (f"/content/zipcontent/{{quoted}}/{PAGE}/index.html", 404),
        ("/content/zipcontent/{quoted}/00000000000000000000000000000000.zip/index.html", 404),
        (VIDEO_PATH + "?baseurl=no%20address&baseurl=", 200),
    ],
)
def test_a_peer_that_a_visitor_names_is_not_asked(path, status, served):
    _, server = served
    with socket.create_server(("127.0.0.1", 0)) as peer:
        url = f"http://127.0.0.1:{peer.getsockname()[1]}/"
        answer = get(server, path.format(peer=url, quoted=quote(url, safe="")))
        assert answer.status_code == status
        peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            peer.accept()


def test_it_takes_little_memory(served, counts):
    _, server = served
    get(server, PAGE_PATH)
    kilobytes = sum(
        int(line.split()[1])
        for pid in children(server.pid)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    )
    counts(f"the server of interactive content takes {kilobytes / 1024:.0f} MB")
    assert kilobytes / 1024 < MAX_MEMORY_MB


def test_settings_of_kolibris_own_app_are_not_used(app):
    """In one container both run with the same environment, except the role."""
    app.environment.update(
        KOLIBRI_AZURE_KEY_VAULT_URL="https://unused.vault.azure.net",
        KOLIBRI_AZURE_CONTENT_SHARE="account/share",
        KOLIBRI_AZURE_DATABASE_AUTH="entra",
        KOLIBRI_AZURE_INSTANCES="3",
        KOLIBRI_AZURE_ALLOWED_HOSTS="kolibri.example.org",
        KOLIBRI_PLUGIN_APPLY="kolibri_azure_plugin",
    )
    with zip_content_server(app) as server:
        assert get(server, PAGE_PATH).status_code == 200
        wait_until(lambda: get(server, READY).ok, "readiness", NOTICED)
