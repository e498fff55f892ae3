"""The site behind App Service's proxy, trial deployments, and wrong versions of Kolibri."""

from __future__ import annotations

import os
import subprocess

import pytest
import requests

from devtools.deployment import LEARNER, LEARNER_PASSWORD, Deployment
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.state import state_folder
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from tests.package_index import install

from .serving import gunicorn, kolibri_start, signed_in

HOST, OTHER_HOST = "school.example", "www.school.example"
SESSION = "/api/auth/session/current/"
CHECK = ("manage", "--skip-update", "check")
TOO_OLD = "0.18.4"

SHOW_TIME = """
from django.conf import settings
from django.utils import timezone
print(settings.TIME_ZONE, timezone.localtime().strftime("%z"))
"""

#: Runs `kolibri` as if another version of it were installed.
PRETEND = """
import runpy, sys, kolibri
version, *sys.argv = sys.argv[1:]
kolibri.__version__, kolibri.VERSION = version, tuple(map(int, version.split(".")))
runpy.run_module("kolibri", run_name="__main__")
"""


@pytest.fixture(scope="module")
def site(copied):
    """A running deployment with two host names."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_ALLOWED_HOSTS"] = f"{HOST}, {OTHER_HOST}"
        with gunicorn(deployment) as process:
            yield process


@pytest.fixture
def learner(site):
    return signed_in(site.url)


def test_cookies_travel_over_https_only_and_not_from_other_sites(site):
    client = KolibriClient(site.url, forwarded_https=True)
    page = client.request("GET", "/en/auth/")
    facility = client.facility()["id"]
    session = client.request(
        "POST",
        "/api/auth/session/",
        json={"username": LEARNER, "password": LEARNER_PASSWORD, "facility": facility},
    )
    cookies = [*page.raw.headers.getlist("Set-Cookie"), *session.raw.headers.getlist("Set-Cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"kolibri", "kolibri_csrftoken"}
    for cookie in cookies:
        assert "; Secure" in cookie
        assert "; SameSite=Lax" in cookie
    session_cookie = next(cookie for cookie in cookies if cookie.startswith("kolibri="))
    assert "; HttpOnly" in session_cookie


def send_change(learner, referer):
    return learner.request("PUT", SESSION, json={"active": True}, headers={"Referer": referer})


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"http://{HOST}", "https://evil.school.example"]
)
def test_a_change_is_refused_that_comes_from(origin, learner):
    answer = send_change(learner, f"{origin}/")
    assert answer.status_code == 403
    assert "Referer" in answer.text or "PERMISSION_DENIED" in answer.text


@pytest.mark.parametrize("origin", [f"https://{HOST}", f"https://{OTHER_HOST}"])
def test_a_change_is_taken_that_comes_from(origin, learner):
    answer = send_change(learner, f"{origin}/")
    assert answer.status_code == 200
    assert answer.json()["username"] == LEARNER


@pytest.mark.parametrize("host", [HOST, OTHER_HOST, "localhost", "127.0.0.1"])
def test_answers_to(host, site):
    answer = requests.get(f"{site.url}/api/public/info/", headers={"Host": host}, timeout=30)
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", f"not-{HOST}"])
def test_does_not_answer_to(host, site):
    answer = requests.get(f"{site.url}/api/public/info/", headers={"Host": host}, timeout=30)
    assert answer.status_code == 400


def django_settings(deployment):
    """The output of `diffsettings` for each setting."""
    lines = deployment.require("manage", "--skip-update", "diffsettings", "--all").splitlines()
    return dict(line.lstrip("# ").split(" = ", 1) for line in lines if " = " in line)


def test_the_platforms_own_host_name_is_the_one_that_counts_when_none_is_given(deployment):
    deployment.environment["WEBSITE_HOSTNAME"] = "kolibri.azurewebsites.net"
    found = django_settings(deployment)
    assert "'kolibri.azurewebsites.net'" in found["ALLOWED_HOSTS"]
    assert "*" not in found["ALLOWED_HOSTS"]
    assert found["CSRF_TRUSTED_ORIGINS"] == "['kolibri.azurewebsites.net']"
    assert found["SECURE_PROXY_SSL_HEADER"] == "('HTTP_X_FORWARDED_PROTO', 'https')"


def test_without_a_proxy_the_header_is_not_trusted_and_cookies_travel_over_http(deployment):
    deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    found = django_settings(deployment)
    assert found["SECURE_PROXY_SSL_HEADER"] == "None"
    assert found["SESSION_COOKIE_SECURE"] == found["CSRF_COOKIE_SECURE"] == "False"


@pytest.fixture
def trial(tmp_path):
    """A deployment whose only setting makes it a test."""
    environment = {
        name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ
    }
    environment.update(
        LOOPBACK_ONLY,
        HOME=str(tmp_path),
        KOLIBRI_HOME=str(tmp_path / "home"),
        KOLIBRI_PLUGIN_ENABLE="kolibri_azure_plugin",
        KOLIBRI_AZURE_DEPLOYMENT="test",
    )
    return Deployment(tmp_path / "home", tmp_path, tmp_path, environment, kind="")


def test_a_test_deployment_runs_on_sqlite_and_says_so_at_every_start(trial):
    with kolibri_start(trial) as site:
        answer = requests.get(f"{site.url}/api/public/info/", timeout=30)
        output = site.output
    assert answer.status_code == 200
    assert "THIS IS A TEST DEPLOYMENT" in output
    assert "SQLite" in output
    assert (trial.home / "db.sqlite3").is_file()
    assert "THIS IS A TEST DEPLOYMENT" in trial.require(*CHECK)


def test_kolibri_uses_the_time_zone_that_the_environment_names(trial):
    # Kolibri itself would use UTC for this name.
    trial.environment["TZ"] = "Asia/Kolkata"
    output = trial.require("manage", "--skip-update", "shell", "-c", SHOW_TIME)
    assert "Asia/Kolkata +0530" in output


@pytest.mark.parametrize("place", ["the environment", "options.ini"])
def test_a_production_deployment_refuses_sqlite_from(place, deployment):
    if place == "the environment":
        deployment.environment["KOLIBRI_DATABASE_ENGINE"] = "sqlite"
    else:
        deployment.home.mkdir()
        (deployment.home / "options.ini").write_text("[Database]\nDATABASE_ENGINE = sqlite\n")
    result = deployment.run("manage", "check")
    assert result.returncode == EXIT_CODE
    assert "#database-engine\n" in result.stderr
    assert not list(deployment.home.rglob("*.sqlite3"))


@pytest.mark.parametrize("version", ["0.19.3", "0.20.0", "1.0.0"])
def test_a_kolibri_is_refused_of_version(version, deployment):
    command = deployment.command(
        deployment.python, "-c", PRETEND, version, "kolibri", "manage", "check"
    )
    result = subprocess.run(
        command, env=deployment.environment, capture_output=True, text=True, check=False
    )
    assert_refused(result, version, deployment)


@pytest.fixture(scope="session")
def too_old():
    """A folder with a real Kolibri that is too old, kept for the next run."""
    folder = state_folder() / f"kolibri-{TOO_OLD}"
    if not (folder / "kolibri").is_dir():
        install(folder, [f"kolibri=={TOO_OLD}"], "--no-deps")
    return folder


@pytest.mark.slow
def test_an_old_kolibri_is_refused_before_it_makes_a_database(deployment, too_old):
    path = (str(too_old), deployment.environment["PYTHONPATH"])
    deployment.environment["PYTHONPATH"] = os.pathsep.join(path)
    for command in (CHECK, ("start", "--foreground")):
        assert_refused(deployment.run(*command), TOO_OLD, deployment)


def assert_refused(result, version, deployment):
    assert result.returncode == EXIT_CODE
    assert f"Kolibri {version}" in result.stderr
    assert "0.19.4 or newer, before 0.20" in result.stderr
    assert "#kolibri-version\n" in result.stderr
    assert not list(deployment.home.rglob("*.sqlite3"))
