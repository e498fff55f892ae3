"""Each request is counted once: those that nginx answers by itself, and those that it passes on."""

from __future__ import annotations

import gzip
import json
import re
import signal
import time

import pytest

from devtools.deadline import wait_until
from kolibri_azure_plugin.container.nginx import REQUESTS, resume_content, suspend_content
from kolibri_azure_plugin.instances.activity.requests import parse

from .fronts import ZIPCONTENT, ask, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

#: Seconds on a busy machine.
PLENTY = 20

SCRIPT = "/static/script.js"
VIDEO = "/content/storage/0/1/01234567890123456789012345678901.mp4"
NO_VIDEO = VIDEO.replace("/0/1/01", "/0/2/02")
MARK = "/the-next-test/"
SANDBOX = "/content/static/sandbox/sandbox.html"


class Counted:
    """A running nginx, and the requests that it has noted since now."""

    def __init__(self, folder, front):
        self.folder, self.front = folder, front
        self.file = folder / "run" / "nginx" / REQUESTS
        self.visit("/the-next-test/")
        self.before = len(self.lines())

    def visit(self, path, headers=None, **options):
        """Send a request; returns its answer, and how it was noted."""
        before = len(self.lines())
        answer = ask(self.front.url, path, headers, **options)
        (line,) = self.wait_for(before + 1)[before:]
        return answer, parse(line)

    def wait_for(self, count):
        """The lines, once there are so many."""
        # Makes nginx write at once.
        self.front.signal(signal.SIGUSR1)
        wait_until(lambda: len(self.lines()) >= count, f"{count} lines", PLENTY)
        return self.lines()

    def lines(self):
        return self.file.read_bytes().splitlines(keepends=True)


def put(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    require_nginx()
    folder = tmp_path_factory.mktemp("counts")
    put(folder / "static" / f"{SCRIPT[1:]}.gz", gzip.compress(b"script"))
    put(folder / "static" / f"{SANDBOX[1:]}.gz", gzip.compress(b"sandbox"))
    put(folder / VIDEO[1:], b"film")
    with (
        start_gunicorn(folder, "shared:application", "app.sock") as app,
        start_gunicorn(folder, "shared:application", "zipcontent.sock"),
        start_front(folder, zipcontent_host=ZIPCONTENT, counts_requests=True) as front,
    ):
        yield folder, front, app


@pytest.fixture
def nginx(running):
    folder, front, _ = running
    return Counted(folder, front)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        (SCRIPT, "localhost"),
        (VIDEO, "localhost"),
        (VIDEO, ZIPCONTENT),
        (SANDBOX, ZIPCONTENT),
        ("/content/", "localhost"),
        ("/", ZIPCONTENT),
    ],
)
def test_files_and_what_is_never_there_are_kept(path, host, nginx):
    _, noted = nginx.visit(path, {"Host": host})
    assert (noted.passed, noted.is_error, noted.page) == (False, False, "")


@pytest.mark.parametrize(
    ("method", "path", "host", "page"),
    [
        ("GET", "/api/lesson/0123456789abcdef0123456789abcdef/", "localhost", "/api/lesson/:id/"),
        ("POST", "/api/logger/trackprogress/", "localhost", "/api/logger/trackprogress/"),
        ("GET", "/en/learn/?search=anna&page=2", "localhost", "/en/learn/"),
        ("GET", NO_VIDEO, "localhost", "/content/storage/:id/:id/:id.mp4"),
        ("GET", NO_VIDEO, ZIPCONTENT, "/content/storage/:id/:id/:id.mp4"),
        ("GET", "/content/zipcontent/a.zip/index.html", ZIPCONTENT, None),
        ("GET", "/static/elsewhere.js", "localhost", "/static/elsewhere.js"),
        ("GET", "/azure/health/live", ZIPCONTENT, "/azure/health/live"),
    ],
)
def test_pages_are_passed_on_and_named_without_ids_and_queries(method, path, host, page, nginx):
    _, noted = nginx.visit(
        path, {"Host": host}, method=method, body=b"" if method == "POST" else None
    )
    assert (noted.passed, noted.is_error) == (True, False)
    assert noted.page == f"{method} {page or path}"


def test_an_answer_from_the_cache_is_kept_and_the_one_that_filled_it_was_passed(nginx):
    path = "/sw/learn/?of=this-test"
    first, filled = nginx.visit(path)
    second, cached = nginx.visit(path)
    assert first.body == second.body
    assert (filled.passed, cached.passed) == (True, False)


def test_an_error_of_the_application_is_one_and_one_of_the_visitor_is_not(nginx):
    _, noted = nginx.visit("/api/broken/?status=500%20Broken")
    assert (noted.passed, noted.is_error, noted.page) == (True, True, "GET /api/broken/")
    _, noted = nginx.visit("/nothing/?status=404%20None")
    assert (noted.passed, noted.is_error, noted.page) == (True, False, "")


def test_an_application_that_is_gone_makes_errors_of_what_is_passed(running, nginx):
    _, _, app = running
    socket = nginx.folder / "run" / "app.sock"
    hidden = socket.rename(socket.with_suffix(".hidden"))
    try:
        answer, noted = nginx.visit("/api/lesson/")
    finally:
        hidden.rename(socket)
    assert answer.status == 503
    assert (noted.passed, noted.is_error, noted.page) == (True, True, "GET /api/lesson/")
    assert not app.exit_code


def test_content_that_is_held_back_makes_errors_of_what_is_kept(nginx):
    answers = []

    def answers_with(status):
        answers.append(ask(nginx.front.url, VIDEO).status)
        return answers[-1] == status

    suspend_content(nginx.folder / "run")
    try:
        wait_until(lambda: answers_with(503), "the new setting", PLENTY)
    finally:
        resume_content(nginx.folder / "run")
    wait_until(lambda: answers_with(200), "the old setting", PLENTY)
    noted = [parse(line) for line in nginx.wait_for(nginx.before + len(answers))[nginx.before :]]
    assert [request.is_error for request in noted].count(True) == answers.count(503)
    assert not any(request.passed for request in noted)


def test_a_sign_in_that_waited_for_its_turn_is_one_request(tmp_path):
    require_nginx()
    with (
        start_gunicorn(tmp_path, "signing_in:application", "app.sock"),
        start_front(tmp_path, counts_requests=True) as front,
    ):
        nginx = Counted(tmp_path, front)
        body = json.dumps({"username": "anna", "password": "password"}).encode()
        _, noted = nginx.visit("/api/auth/session/", method="POST", body=body)
        nginx.visit("/")
    assert (noted.passed, noted.page) == (True, "POST /api/auth/session/")
    assert b"anna" not in nginx.file.read_bytes()


def test_nothing_is_lost_and_nothing_is_said_while_nobody_reads(running, nginx):
    said = nginx.front.output
    for _ in range(200):
        assert ask(nginx.front.url, SCRIPT).status == 200
    nginx.front.signal(signal.SIGHUP)
    assert ask(nginx.front.url, SCRIPT).status == 200
    assert len(nginx.wait_for(nginx.before + 201)) == nginx.before + 201
    assert nginx.front.output == said


def test_a_full_disk_costs_no_request_and_next_to_no_line_of_the_log(tmp_path):
    """Each of two processes tells it once a minute, and each time that it writes after a pause."""
    require_nginx()
    put(tmp_path / "static" / f"{SCRIPT[1:]}.gz", gzip.compress(b"script"))
    (tmp_path / "run" / "nginx").mkdir(parents=True)
    (tmp_path / "run" / "nginx" / REQUESTS).symlink_to("/dev/full")
    with start_front(tmp_path, counts_requests=True) as front:
        begun = time.monotonic()
        while "[alert]" not in front.output:
            assert {ask(front.url, SCRIPT).status for _ in range(100)} == {200}
        told = len(re.findall(r"\[alert\]", front.output))
        assert told <= 2 * (1 + (time.monotonic() - begun) / 5)
