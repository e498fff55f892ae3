"""Logs for a container's collector: on stdout, one whole line per event, without secrets."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import requests

from devtools.deadline import wait_until
from devtools.instances import WSGI_MODULE, another_instance
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.ports import free_port

from .serving import STARTED

pytestmark = pytest.mark.slow

FIELDS = {"time", "level", "logger", "instance", "request", "client", "process", "message"}

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ +[\w.-]+ "
    r"instance=\S+ request=\S+ client=\S+ .+"
)

INFO = "/api/public/info/"

#: Anyone can send the first two; App Service adds the last.
FORWARDED = "10.0.0.1, 203.0.113.66, 198.51.100.7:56789"

CLIENT = "198.51.100.7"


@pytest.fixture(scope="module")
def deployment(copied):
    with copied() as (deployment, _):
        deployment.environment["WEBSITE_INSTANCE_ID"] = "a1b2c3d4e5f6"
        deployment.environment["KOLIBRI_NO_FILE_BASED_LOGGING"] = "1"
        yield deployment


def gunicorn(port):
    return ["gunicorn", f"--bind=127.0.0.1:{port}", WSGI_MODULE]


def kolibri_start(port):
    return ["kolibri", "start", "--foreground", f"--port={port}", f"--zip-port={free_port()}"]


#: Longer than an orderly end.
STOP_SECONDS = 20


class Site:
    """A web server with separate stdout and stderr."""

    def __init__(self, instance, arguments=gunicorn):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.home = instance.home
        command = [sys.executable, "-m", *arguments(port)]
        self._output = (instance.home / "stdout").open("w+")
        self._process = subprocess.Popen(
            instance.command(*command),
            env={**LOOPBACK_ONLY, **instance.environment},
            stdout=self._output,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        wait_until(self._answers, "the site", 120)
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Kolibri hangs when it is told to stop while its web server still starts.
            self._process.kill()
            self._process.wait()
        self._output.close()

    def get(self, path, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(self.url + path, headers=names, timeout=30)

    def lines(self):
        return (self.home / "stdout").read_text().splitlines()

    def line_with(self, text):
        """The only line with this text."""

        def found():
            return [line for line in self.lines() if text in line]

        wait_until(found, text, 60)
        (line,) = found()
        return line

    def _answers(self):
        assert self._process.poll() is None
        try:
            return requests.get(f"{self.url}/status/", timeout=5)
        except requests.RequestException:
            return None


def started(deployment, name, **settings):
    return Site(another_instance(deployment, deployment.home.parent / name, **settings))


@pytest.fixture(scope="module")
def text_site(deployment):
    with started(deployment, "text") as site:
        yield site


@pytest.fixture(scope="module")
def json_site(deployment):
    with started(deployment, "json", KOLIBRI_AZURE_LOG_FORMAT="json") as site:
        yield site


def test_every_line_of_the_text_format_is_one_event(text_site):
    text_site.get(INFO, User_Agent="text-event")
    text_site.line_with("text-event")

    assert [line for line in text_site.lines() if not LINE.fullmatch(line)] == []


def test_the_very_first_start_prints_nothing_but_its_log(tmp_path, azure, deployed):
    with deployed(tmp_path, azure) as empty:
        empty.environment["KOLIBRI_NO_FILE_BASED_LOGGING"] = "1"
        empty.home.mkdir()
        with Site(empty, kolibri_start) as site:
            site.line_with("Kolibri running on")
            site.line_with(STARTED)
    lines = site.lines()

    assert any("kolibriauth.0001_initial... OK" in line for line in lines)
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_every_line_of_the_json_format_is_one_event(json_site):
    json_site.get(INFO, User_Agent="json-event")
    json_site.line_with("json-event")

    events = [json.loads(line) for line in json_site.lines()]
    assert all(set(event) >= FIELDS for event in events)
    assert {event["instance"] for event in events} == {"a1b2c3"}


def test_an_event_names_the_request_and_the_real_client(json_site):
    answer = json_site.get(
        INFO, X_Forwarded_For=FORWARDED, X_ARR_LOG_ID="6a7e-0001", User_Agent="forwarded"
    )

    event = json.loads(json_site.line_with("forwarded"))
    assert (event["client"], event["request"]) == (CLIENT, "6a7e-0001")
    assert event["message"].startswith(f"{CLIENT} ")
    assert answer.headers["X-Request-ID"] == "6a7e-0001"


def test_a_request_without_an_id_gets_one(json_site):
    answers = [json_site.get(INFO, User_Agent=f"unnamed-{number}") for number in range(2)]

    names = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(names)) == 2
    assert json.loads(json_site.line_with("unnamed-1"))["request"] == names[1]


def test_no_text_in_a_request_can_forge_a_log_line(text_site):
    text_site.get(
        INFO + "?x=%0AERROR",
        X_ARR_LOG_ID='"} forged',
        X_Forwarded_For="forged",
        User_Agent="odd\tx",
    )

    line = text_site.line_with("odd")
    assert "forged" not in line
    assert r"odd\tx" in line


def test_without_a_proxy_nothing_that_a_client_claims_is_believed(deployment):
    with started(deployment, "direct", KOLIBRI_AZURE_HTTPS_PROXY="false") as site:
        site.get(INFO, X_Forwarded_For=FORWARDED, X_ARR_LOG_ID="claimed", User_Agent="direct")
        line = site.line_with("direct")
    assert "client=127.0.0.1" in line
    assert "claimed" not in line


def test_an_exception_is_one_line_with_its_traceback(deployment):
    code = (
        "import logging\ntry:\n    1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('trial').exception('it\\nfailed')"
    )
    for log_format in ("text", "json"):
        result = deployment.run(
            "manage", "--skip-update", "shell", "-c", code,
            settings={"KOLIBRI_AZURE_LOG_FORMAT": log_format},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        (line,) = [line for line in result.stdout.splitlines() if "division by zero" in line]
        assert "Traceback" in line
        if log_format == "json":
            event = json.loads(line)
            assert event["message"] == "it\nfailed"
            assert event["exception"].endswith("ZeroDivisionError: division by zero")
