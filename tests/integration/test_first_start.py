"""A fresh deployment is set up before it serves: no visitor ever finds its setup wizard."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import threading
from collections import Counter

import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import FACILITY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import another_instance, start_gunicorn, start_kolibri
from devtools.kolibri_client import KolibriClient

from .conftest import NO_SETUP_SETTINGS, TEST_DEPLOYMENT
from .serving import AGREED, Visitors
from .trial_deployment import trial_deployment

pytestmark = pytest.mark.slow

WIZARD = "/setup/"

#: Pages that an intruder would try: the home page, the wizard itself, and an API of the wizard.
PROBED = ("/", "/en/setup/", "/setup/api/facilityimport/facilityadmins/")

#: Seconds between two probes.
PROBE_EVERY = 0.02

#: Concurrent probes of one path; more would only wait too.
WAITING = 10


class Stranger(Visitors):
    """Requests a site's setup wizard every 20 ms, even before the site runs."""

    def __init__(self, url):
        super().__init__([functools.partial(self._ask, path) for path in PROBED])
        self._url = url
        self.answers = []
        self.wizards = []

    def wait_for_more(self):
        """Wait for ten more answers for each path; a wizard would show in the first."""
        before = Counter(path for path, _ in self.answers)

        def answered():
            now = Counter(path for path, _ in self.answers)
            return all(now[path] >= before[path] + 10 for path in PROBED)

        wait_until(answered, "answers to each path", 60)

    def _ask(self, path):
        # Each probe has its own thread, so that a waiting one delays no other.
        room = threading.BoundedSemaphore(WAITING)
        with concurrent.futures.ThreadPoolExecutor(WAITING) as pool:
            while not self.stop.wait(PROBE_EVERY):
                if room.acquire(blocking=False):
                    pool.submit(self._probe, path).add_done_callback(lambda _: room.release())

    def _probe(self, path):
        with contextlib.suppress(requests.RequestException):
            answer = requests.get(self._url + path, timeout=60, allow_redirects=False)
            self.answers.append((path, answer.status_code))
            to_wizard = WIZARD in answer.headers.get("Location", "")
            if to_wizard or (answer.status_code == 200 and path != "/"):
                self.wizards.append((path, answer.status_code, answer.text[:500]))


def assert_set_up(server):
    client = KolibriClient(server.url)
    assert client.facility()["name"] == FACILITY
    signed_in = client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    assert "superuser" in signed_in["kind"]


def without_proxy(deployment, name, **settings):
    return another_instance(
        deployment, deployment.home.parent / name, KOLIBRI_AZURE_HTTPS_PROXY="false", **settings
    )


def test_no_visitor_ever_sees_the_wizard_of_an_empty_deployment(deployment):
    with start_kolibri(without_proxy(deployment, "first")) as server, Stranger(server.url) as seen:
        server.wait_until_serving()
        seen.wait_for_more()
        assert_set_up(server)
    assert seen.wizards == []


def test_no_visitor_ever_sees_the_wizard_with_the_stock_wsgi_module(unprovisioned):
    instance = without_proxy(unprovisioned, "first")
    with start_gunicorn(instance) as server, Stranger(server.url) as seen:
        server.wait_until_serving()
        seen.wait_for_more()
        assert_set_up(server)
    assert seen.wizards == []


def test_a_web_server_that_forks_after_loading_serves(unprovisioned):
    instance = without_proxy(unprovisioned, "first")
    with start_gunicorn(instance, "--preload", "--workers=2") as server:
        server.wait_until_serving()
        for _ in range(10):
            assert_set_up(server)


def test_two_instances_that_start_at_once_set_up_one_facility(unprovisioned, postgres):
    first, second = (without_proxy(unprovisioned, name) for name in ("first", "second"))
    with start_gunicorn(first) as one, start_gunicorn(second) as two:
        one.wait_until_serving()
        two.wait_until_serving()
        assert_set_up(one)
        assert_set_up(two)
    facilities = postgres.execute(
        "SELECT name FROM kolibriauth_collection WHERE kind = 'facility'",
        database=unprovisioned.database,
    )
    assert facilities == [(FACILITY,)]


def test_a_deployment_that_lost_its_setup_shows_no_wizard(unprovisioned, postgres):
    with start_gunicorn(without_proxy(unprovisioned, "first")) as server:
        server.wait_until_serving()
        postgres.execute(
            "UPDATE device_devicesettings SET is_provisioned = false",
            database=unprovisioned.database,
        )
        for path in (*PROBED, "/azure/status/"):
            wait_until(
                lambda url=server.url + path: requests.get(url, timeout=30).status_code == 503,
                f"503 at {path}",
                AGREED,
            )
        assert "tell the person who looks after this site" in requests.get(server.url).text
        assert requests.get(f"{server.url}/status/", timeout=30).status_code == 200


@pytest.mark.parametrize("entry", ["kolibri start", "gunicorn", "gunicorn --preload"])
def test_a_production_start_without_the_settings_ends(entry, unprovisioned):
    instance = without_proxy(unprovisioned, "first", **NO_SETUP_SETTINGS)
    start = start_kolibri if entry == "kolibri start" else start_gunicorn
    options = ["--preload"] if "preload" in entry else []
    with start(instance, *options) as server, Stranger(server.url) as seen:
        server.wait_until(lambda: "first-start-settings" in server.output, "the reason", 60)
        if entry == "gunicorn":
            server.kill()  # It keeps starting workers, each of which ends like this.
        assert server.wait_for_exit(30) != 0
    assert seen.answers == []
    for name in NO_SETUP_SETTINGS:
        assert name in server.output
    assert "az keyvault secret set" in server.output


@pytest.mark.parametrize("command", ["check", "--skip-update migrate"])
def test_without_the_settings_production_does_not_even_migrate(command, deployment, postgres):
    deployment.environment.update(NO_SETUP_SETTINGS)

    result = deployment.run("manage", *command.split())

    assert result.returncode != 0
    assert "docs/troubleshooting.md#first-start-settings" in result.stderr
    assert not postgres.execute(
        "SELECT FROM pg_tables WHERE tablename = 'device_devicesettings'",
        database=deployment.database,
    )


@pytest.mark.parametrize(
    ("settings", "password", "code"),
    [
        ({}, None, "vault-secret-missing"),
        ({}, "short", "first-start-password"),
        ({"KOLIBRI_AZURE_LANGUAGE": "klingon"}, SUPERUSER_PASSWORD, "first-start-language"),
        ({"KOLIBRI_AZURE_SUPERUSER_NAME": "a b!"}, SUPERUSER_PASSWORD, "first-start-username"),
    ],
)
def test_a_setup_that_can_not_be_done_leaves_nothing_behind(
    settings, password, code, unprovisioned, azure, postgres
):
    if password is None:
        azure.delete_secret("kolibri-superuser-password")
    else:
        azure.set_secret("kolibri-superuser-password", password)

    result = unprovisioned.run("manage", "check", settings=settings)

    assert result.returncode != 0
    assert f"docs/troubleshooting.md#{code}" in result.stderr
    assert not postgres.execute(
        "SELECT FROM device_devicesettings", database=unprovisioned.database
    )
    assert not postgres.execute(
        "SELECT FROM kolibriauth_collection", database=unprovisioned.database
    )


def test_a_deployment_that_is_set_up_asks_for_none_of_it(provisioned, azure):
    azure.delete_secret("kolibri-superuser-password")

    result = provisioned.run("manage", "check", settings=NO_SETUP_SETTINGS)

    assert result.returncode == 0, result.stderr


def test_a_test_deployment_with_these_settings_is_set_up_as_well(tmp_path, deployment):
    instance = trial_deployment(deployment, tmp_path / "sqlite")
    with start_kolibri(instance) as server:
        server.wait_until_serving()
        assert_set_up(server)


def test_a_test_deployment_without_them_is_left_to_the_wizard(unprovisioned):
    instance = without_proxy(unprovisioned, "first", **TEST_DEPLOYMENT, **NO_SETUP_SETTINGS)
    with start_gunicorn(instance) as server:
        server.wait_until_serving()
        answer = requests.get(f"{server.url}/", timeout=30, allow_redirects=False)
    assert WIZARD in answer.headers["Location"]
