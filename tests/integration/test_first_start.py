"""A fresh deployment is set up before it serves: nobody ever finds its setup wizard."""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import threading
import time

import pytest
import requests

from devtools.deployment import FACILITY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import another_instance, start_gunicorn, start_kolibri
from devtools.kolibri_client import KolibriClient

from .conftest import NOT_SET_UP, TEST_DEPLOYMENT
from .serving import Visitors

pytestmark = pytest.mark.slow

WIZARD = "/setup/"

#: Where a stranger would look: the front door, the wizard itself, and what the wizard asks.
PROBED = ("/", "/en/setup/", "/setup/api/facilityimport/facilityadmins/")

#: Seconds between two probes.
PROBE_EVERY = 0.02

#: Probes of one path that wait for an answer at once; more would only wait with them.
WAITING = 10


class Stranger(Visitors):
    """Asks a site for its setup wizard every 20 ms, whether it is there yet or not."""

    def __init__(self, url):
        super().__init__([functools.partial(self._ask, path) for path in PROBED])
        self._url = url
        self.answers = []
        self.wizards = []

    def _ask(self, path):
        # Each probe has a thread to itself, so that one that has to wait delays no other.
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


def test_no_stranger_ever_sees_the_wizard_of_an_empty_deployment(deployment):
    with start_kolibri(without_proxy(deployment, "first")) as server, Stranger(server.url) as seen:
        server.wait_until_it_answers()
        time.sleep(1)  # The first second is when a wizard would show.
        assert_set_up(server)
    assert seen.wizards == []
    assert {path for path, _ in seen.answers} == set(PROBED)


def test_no_stranger_ever_sees_the_wizard_with_the_stock_wsgi_module(never_set_up):
    instance = without_proxy(never_set_up, "first")
    with start_gunicorn(instance) as server, Stranger(server.url) as seen:
        server.wait_until_it_answers()
        time.sleep(1)  # The first second is when a wizard would show.
        assert_set_up(server)
    assert seen.wizards == []
    assert {path for path, _ in seen.answers} == set(PROBED)


def test_a_web_server_that_forks_after_loading_serves(never_set_up):
    instance = without_proxy(never_set_up, "first")
    with start_gunicorn(instance, "--preload", "--workers=2") as server:
        server.wait_until_it_answers()
        for _ in range(10):
            assert_set_up(server)


def test_two_instances_that_start_at_once_set_up_one_facility(never_set_up, postgres):
    first, second = (without_proxy(never_set_up, name) for name in ("first", "second"))
    with start_gunicorn(first) as one, start_gunicorn(second) as two:
        one.wait_until_it_answers()
        two.wait_until_it_answers()
        assert_set_up(one)
        assert_set_up(two)
    facilities = postgres.execute(
        "SELECT name FROM kolibriauth_collection WHERE kind = 'facility'",
        database=never_set_up.database,
    )
    assert facilities == [(FACILITY,)]


def test_a_deployment_that_lost_its_setup_shows_no_wizard(never_set_up, postgres):
    with start_gunicorn(without_proxy(never_set_up, "first")) as server:
        server.wait_until_it_answers()
        postgres.execute(
            "UPDATE device_devicesettings SET is_provisioned = false",
            database=never_set_up.database,
        )
        time.sleep(5)  # By then all instances know.
        for path in PROBED:
            assert requests.get(server.url + path, timeout=30).status_code == 503
        assert requests.get(f"{server.url}/status/", timeout=30).status_code == 200


@pytest.mark.parametrize("entry", ["kolibri start", "gunicorn", "gunicorn --preload"])
def test_a_production_start_without_the_settings_ends(entry, never_set_up):
    instance = without_proxy(never_set_up, "first", **NOT_SET_UP)
    start = start_kolibri if entry == "kolibri start" else start_gunicorn
    options = ["--preload"] if "preload" in entry else []
    with start(instance, *options) as server, Stranger(server.url) as seen:
        server.wait_until(lambda: "first-start-settings" in server.output, "the reason", 60)
        if entry == "gunicorn":
            server.kill()  # It starts workers for ever, each of which ends like this.
        assert server.wait_until_it_ends(30) != 0
    assert seen.answers == []
    for name in NOT_SET_UP:
        assert name in server.output
    assert "az keyvault secret set" in server.output


def test_a_production_start_without_the_settings_does_not_even_migrate(deployment, postgres):
    deployment.environment.update(NOT_SET_UP)

    result = deployment.run("manage", "check")

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
    settings, password, code, never_set_up, azure, postgres
):
    if password is None:
        azure.delete_secret("kolibri-superuser-password")
    else:
        azure.set_secret("kolibri-superuser-password", password)

    result = never_set_up.run("manage", "check", settings=settings)

    assert result.returncode != 0
    assert f"docs/troubleshooting.md#{code}" in result.stderr
    assert not postgres.execute("SELECT FROM device_devicesettings", database=never_set_up.database)
    assert not postgres.execute(
        "SELECT FROM kolibriauth_collection", database=never_set_up.database
    )


def test_a_deployment_that_is_set_up_asks_for_none_of_it(provisioned, azure):
    azure.delete_secret("kolibri-superuser-password")

    result = provisioned.run("manage", "check", settings=NOT_SET_UP)

    assert result.returncode == 0, result.stderr


def test_a_test_deployment_with_these_settings_is_set_up_as_well(tmp_path, deployment):
    kept = ("PATH", "HOME", "PYTHONPATH", "KOLIBRI_PLUGIN_ENABLE")
    environment = {name: deployment.environment[name] for name in kept}
    home = tmp_path / "sqlite"
    instance = another_instance(deployment, home)
    instance.kind = ""
    instance.environment = {
        **environment,
        **TEST_DEPLOYMENT,
        "KOLIBRI_HOME": str(home),
        "KOLIBRI_AZURE_FACILITY_NAME": FACILITY,
        "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
        "KOLIBRI_SUPERUSER_PASSWORD": SUPERUSER_PASSWORD,
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
    }
    with start_kolibri(instance) as server:
        server.wait_until_it_answers()
        assert_set_up(server)


def test_a_test_deployment_without_them_is_left_to_the_wizard(never_set_up):
    instance = without_proxy(never_set_up, "first", **TEST_DEPLOYMENT, **NOT_SET_UP)
    with start_gunicorn(instance) as server:
        server.wait_until_it_answers()
        answer = requests.get(f"{server.url}/", timeout=30, allow_redirects=False)
    assert WIZARD in answer.headers["Location"]
