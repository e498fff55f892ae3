"""The health endpoints on Kolibri's two servers: quick, open to probes, and silent on details."""

from __future__ import annotations

import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from bench.health import SECONDS, flood
from devtools import share
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.descendants import children, descendants
from devtools.probe_processes import probe_processes
from kolibri_azure_plugin.web.health.readiness import MAX_AGE
from tests.fuse import NEEDS_FUSE

from .serving import gunicorn, kolibri_start, signed_in

NEEDS_WRK = pytest.mark.skipif(shutil.which("wrk") is None, reason="apt-get install wrk")

pytestmark = pytest.mark.slow

LIVE, READY = "/azure/health/live", "/azure/health/ready"
HOST = "kolibri.example.org"

FOLDER, SETTINGS = "/api/device/pathpermission/", "/api/device/devicesettings/"

#: Requests that would block each thread of a web server.
MORE_THAN_ALL_THREADS = 60

#: Seconds in which every probe must have its answer, whatever hangs. On a machine that is not busy
#: it takes less than one.
ANSWERED = 5.0

#: Seconds in which a recovery must be noticed, on a busy machine.
NOTICED = 30


def one_process(deployment):
    """gunicorn with one process, as each has its own answers and a probe can't choose one."""
    return gunicorn(deployment, "--workers=1")


SERVERS = {"kolibri start": kolibri_start, "gunicorn": one_process}


@pytest.fixture(scope="module", params=SERVERS)
def served(request, copied):
    """A deployment whose share can hang, and its server."""
    with copied() as (deployment, _):
        deployment.kind = "bind-then-hang"
        deployment.environment["KOLIBRI_AZURE_ALLOWED_HOSTS"] = HOST
        with SERVERS[request.param](deployment) as server:
            wait_until_ready(server.url)
            yield deployment, server


@pytest.fixture
def url(served):
    """The address of a server that was ready just now."""
    wait_until_ready(served[1].url)
    return served[1].url


def probe(url, path=READY, **options):
    options.setdefault("allow_redirects", False)
    return requests.get(url + path, timeout=10, **options)


def wait_until_ready(url):
    wait_until(lambda: probed_in_time(url).ok, "readiness", NOTICED)


def wait_until_checks_are(url, **checks):
    wait_until(lambda: probed_in_time(url).json()["checks"] == checks, f"{checks}", NOTICED)


def probed_in_time(url):
    """One probe, which must be quick."""
    begun = time.monotonic()
    answer = probe(url)
    assert time.monotonic() - begun < ANSWERED
    return answer


@pytest.mark.parametrize("path", [LIVE, READY])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "169.254.130.3:8000"},
        {"Host": "anything at all"},
        {"Host": HOST, "X-Forwarded-Proto": "http"},
        {"User-Agent": "HealthCheck/1.0"},
        {"User-Agent": "ReadyForRequest/1.0 (AppInit)"},
    ],
    ids=["plain", "the platform's address", "a bad host", "http at the proxy", "a health check",
         "a warm-up"],
)  # fmt: skip
def test_a_probe_needs_no_name_no_https_and_no_session(path, headers, url):
    answer = probe(url, path, headers=headers)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store, max-age=0"


def test_answers_to_probes(url):
    assert probe(url, LIVE).json() == {"status": "live"}
    assert probe(url).json() == {
        "status": "ready",
        "checks": {"database": "pass", "content": "pass"},
    }


@pytest.mark.parametrize("path", [LIVE, READY])
def test_head_is_get_without_a_body(path, url):
    answer = requests.head(url + path, timeout=10)
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["Content-Length"]) == len(probe(url, path).content)


@pytest.mark.parametrize("path", [LIVE, READY])
def test_nothing_can_be_posted(path, url):
    assert requests.post(url + path, data="x", timeout=10).status_code == 405


def test_details_are_for_a_superuser_only(url):
    path = f"{READY}?detail"
    headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
    assert probe(url, path, headers=headers).status_code == 404
    # As for every page of Kolibri, only the site's own names work.
    assert probe(url, path, headers={"Host": "elsewhere"}).status_code == 400
    assert signed_in(url).request("GET", path).status_code == 404
    superuser = signed_in(url, SUPERUSER, SUPERUSER_PASSWORD)
    wait_until_ready(url)
    answer = superuser.request("GET", path)
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert checks["database"]["status"] == checks["content"]["status"] == "pass"
    assert re.match(r"round trip [\d.]+ ms", checks["database"]["detail"])


def test_all_other_addresses_are_kolibris(url):
    headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
    assert probe(url, "/azure/health/other", headers=headers).status_code == 404


@NEEDS_FUSE
def test_a_hanging_share_is_told_in_time_every_time_and_leaves_no_process(served):
    deployment, server = served
    share.hang(deployment.share)
    try:
        wait_until(lambda: probed_in_time(server.url).status_code == 503, "a 503", NOTICED)
        end = time.monotonic() + 2 * MAX_AGE
        while time.monotonic() < end:
            answer = probed_in_time(server.url)
            assert answer.status_code == 503
            assert answer.json()["checks"]["content"] == "fail"
            assert probe(server.url, LIVE).status_code == 200
            time.sleep(0.1)
        wait_until_checks_are(server.url, database="pass", content="fail")
        assert probes_per_process(deployment, server) == {1}
    finally:
        share.recover(deployment.share)
        wait_until_ready(server.url)
    wait_until(lambda: not probe_processes(deployment.mount_point), "the probes to end", NOTICED)


def probes_per_process(deployment, server):
    """How many probes of the share those processes have that have any.

    The workers of `kolibri start` have their own while they start.
    """
    probes = set(probe_processes(deployment.mount_point))
    processes = {server.pid, *descendants(server.pid)}
    return {len(probes & children(process)) for process in processes} - {0}


@NEEDS_FUSE
def test_questions_about_the_content_folder_hold_up_nobody_while_the_share_hangs(served):
    deployment, server = served
    administrator = signed_in(server.url, SUPERUSER, SUPERUSER_PASSWORD)
    folder = str(deployment.mount_point)
    moved = {"primary_storage_location": folder}
    assert ask_about_the_folder(administrator) == {
        "writable": True, "directory": True, "path": folder
    }  # fmt: skip
    share.hang(deployment.share)
    try:
        wait_until(lambda: probed_in_time(server.url).status_code == 503, "a 503", NOTICED)
        for _ in range(MORE_THAN_ALL_THREADS):
            assert ask_about_the_folder(administrator) == {
                "writable": False, "directory": False, "path": folder
            }  # fmt: skip
        refused = administrator.request("PATCH", SETTINGS, json=moved, timeout=NOTICED)
        assert refused.status_code == 400
    finally:
        share.recover(deployment.share)
        wait_until_ready(server.url)


def ask_about_the_folder(administrator):
    return administrator.request("GET", FOLDER, timeout=NOTICED).json()


@NEEDS_WRK
@NEEDS_FUSE
def test_many_probers_of_a_hanging_share_have_their_answer_too(served):
    deployment, server = served
    share.hang(deployment.share)
    try:
        wait_until(lambda: probe(server.url).status_code == 503, "a 503", NOTICED)
        seen = flood(server.url, seconds=3)
    finally:
        share.recover(deployment.share)
        wait_until_ready(server.url)
    assert seen.refused > 0
    assert seen.broken == 0


def test_a_database_that_stops_is_told_in_time_and_forgotten_when_it_is_back(served, postgres):
    _, server = served
    postgres.stop()
    try:
        wait_until(lambda: probed_in_time(server.url).status_code == 503, "a 503", NOTICED)
        wait_until_checks_are(server.url, database="fail", content="pass")
        assert probe(server.url, LIVE).status_code == 200
    finally:
        postgres.start()
        wait_until_ready(server.url)


def test_a_restart_of_the_database_between_two_probes_is_not_noticed(served, postgres):
    _, server = served
    statuses = []
    for _ in range(3):
        wait_until_ready(server.url)
        postgres.restart()
        time.sleep(MAX_AGE)  # Then the next answer is from after the restart.
        statuses.append(probe(server.url).status_code)
    # A busy machine may be late once.
    assert statuses.count(200) >= 2


@NEEDS_WRK
def test_a_flood_of_probes_opens_no_more_than_one_connection(served, postgres):
    deployment, server = served
    wait_until_ready(server.url)
    counted = []
    with ThreadPoolExecutor(1) as pool:
        flooding = pool.submit(flood, server.url)
        while not flooding.done():
            counted.append(probing_connections(postgres, deployment))
            time.sleep(0.1)
    seen = flooding.result()
    assert seen.rate > 0
    assert seen.broken == 0
    # On a busy machine, one check may take longer than its probers wait.
    assert seen.refused < 0.2 * seen.rate * SECONDS
    assert set(counted) == {1}


def probing_connections(postgres, deployment):
    names = [each.application for each in postgres.connections(deployment.database)]
    return sum(name.startswith("kolibri health") for name in names)
