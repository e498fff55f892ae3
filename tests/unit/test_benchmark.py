"""The image benchmarks' tools work: the load, the visitors, the table."""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import sys
import threading
import time
from typing import ClassVar

import pytest

from bench.chaos.visitors import Visitors
from bench.performance import rows
from bench.performance.learners import Learner
from bench.performance.load import learner_mix, one_file
from bench.performance.memory import proportional_set
from bench.performance.rows import Row
from bench.performance.slow_clients import LOOKS, RATE, STARTED, SlowClients
from bench.performance.table import markdown, marks, write
from devtools.deadline import wait_until

NEEDS_WRK = pytest.mark.skipif(shutil.which("wrk") is None, reason="apt-get install wrk")

LOOPBACK = "127.0.0.1"


class Site(http.server.BaseHTTPRequestHandler):
    """Answers 200, or with the status that the path names."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, str]]] = []
    broken = 0
    size = 100

    def do_GET(self):
        self.seen.append((self.path, self.headers["Cookie"]))
        if type(self).broken:
            type(self).broken -= 1
            self.close_connection = True
            return
        status = int(self.path.strip("/")) if self.path.strip("/").isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Length", str(self.size))
        self.end_headers()
        self.wfile.write(bytes(self.size))

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def site():
    """The address of a site, and its class, which sets its answers."""

    class Handler(Site):
        seen: ClassVar[list[tuple[str, str]]] = []

    with http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOOPBACK}:{server.server_port}", Handler
        server.shutdown()


class Pupil(Learner):
    """Requests the addresses of a test."""

    paths: tuple[str, ...] = ()

    @property
    def mix(self):
        return self.paths


def pupil(name, *paths):
    learner = Pupil(name, f"id of {name}", {"kolibri": name})
    object.__setattr__(learner, "paths", paths)
    return learner


@NEEDS_WRK
def test_each_learner_of_the_load_asks_for_all_of_the_mix_with_the_own_cookies(site):
    url, handler = site
    load = learner_mix(url, [pupil("ada", "/a", "/b"), pupil("bob", "/c")], 2, 1)
    assert load.errors == 0
    assert load.rate > 0
    assert load.p50 <= load.p95
    assert set(handler.seen) == {
        ("/a", "kolibri=ada"),
        ("/b", "kolibri=ada"),
        ("/c", "kolibri=bob"),
    }


@NEEDS_WRK
@pytest.mark.parametrize("status", [204, 302, 403, 500])
def test_every_answer_but_200_is_an_error_of_the_load(site, status):
    url, _ = site
    load = learner_mix(url, [pupil("ada", f"/{status}")], 2, 1)
    assert load.failures.keys() == {"status"}
    assert load.errors > 0


@NEEDS_WRK
def test_a_load_of_files_counts_their_bytes(site):
    url, handler = site
    handler.size = 1_000_000
    load = one_file(url, "/file", 2, 1)
    assert load.errors == 0
    assert load.megabytes == pytest.approx(load.rate, rel=0.2)


@NEEDS_WRK
def test_a_server_that_is_not_there_answers_nothing():
    with socket.create_server((LOOPBACK, 0)) as listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        load = learner_mix(url, [pupil("ada", "/")], 2, 1)
    assert load.rate == 0
    assert load.p95 == float("inf")


def test_a_slow_client_takes_no_more_than_its_rate(site, tmp_path):
    url, handler = site
    handler.size = 10_000_000
    seconds, count = 2, 3
    with SlowClients(f"{url}/video", tmp_path, clients=count) as clients:
        wait_until(lambda: STARTED in clients.output, "the clients", 30)
        time.sleep(seconds)
    rate = int(clients.output.split()[-4])
    # Each starts with the work due at every look, so one more look than have passed.
    assert 0 < rate <= count * RATE * (1 + 1 / (LOOKS * seconds))


def test_a_request_that_fails_counts_once_and_is_asked_again(site):
    url, handler = site
    handler.broken = 3
    with Visitors(url, [pupil("ada", "/a")], 1) as visitors:
        wait_until(lambda: visitors.account.answers, "an answer", 30)
    assert [failure.kind for failure in visitors.account.failures] == ["cut"]
    assert visitors.account.failures[0].answered


def test_a_kept_connection_that_the_server_closed_is_renewed_without_a_failure(site):
    url, handler = site
    with Visitors(url, [pupil("ada", "/a")], 1) as visitors:
        wait_until(lambda: visitors.account.answers, "an answer", 30)
        handler.broken = 1
        wait_until(lambda: visitors.account.renewed, "a new connection", 30)
    assert not visitors.account.failures


def test_a_status_that_is_not_200_is_a_failure_of_that_kind(site):
    url, handler = site
    with Visitors(url, [pupil("ada", "/503")], 1) as visitors:
        wait_until(lambda: handler.seen, "a request", 30)
    assert [failure.kind for failure in visitors.account.failures] == ["503"]
    assert visitors.account.failures[0].answered is None


def test_memory_includes_the_child_processes():
    hundred = f"{sys.executable} -c 'data = bytearray(100_000_000); print(1, flush=True); input()'"
    with subprocess.Popen(
        ["sh", "-c", f"{hundred}; true"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        megabytes, processes = proportional_set(process.pid)
        process.communicate(b"\n")
    assert processes == 2
    assert 100 < megabytes < 200


@pytest.mark.parametrize(
    ("row", "ratio", "reached"),
    [
        (rows.times("work", {"stock": 100, "image": 400}, 4), "4.00", True),
        (rows.times("work", {"stock": 100, "image": 399}, 4), "3.99", False),
        (rows.share("work", {"stock": 100, "image": 25}, 0.25), "0.25", True),
        (rows.share("work", {"stock": 100, "image": 26}, 0.25), "0.26", False),
        (rows.limit("work", {"stock": 3, "image": 0}, 0), "0.000", True),
        (rows.limit("work", {"stock": 0, "image": 1}, 0), "", False),
        (rows.note("work", {"stock": 2, "image": 1}), "0.50", None),
    ],
)
def test_a_row_says_whether_its_goal_is_reached(row, ratio, reached):
    assert (row.ratio, row.reached) == (ratio, reached)


def test_a_load_under_another_is_compared_with_itself():
    alone, under_load = {"stock": 300, "image": 80}, {"stock": float("inf"), "image": 96}
    row = rows.unchanged("work", alone, under_load, 1.2)
    assert (row.stock, row.image) == ("300 → no answer", "80 → 96")
    assert row.reached


def test_a_load_next_to_another_can_have_no_goal():
    row = rows.beside("work", {"stock": 300, "image": 80}, {"stock": 600, "image": 100})
    assert (row.stock, row.image, row.ratio) == ("300 → 600", "80 → 100", "1.25 times without")
    assert row.reached is None


def test_the_table_shows_a_goal_that_is_missed():
    shown = markdown([Row("a", "1", "2", "2.00", "at least 4 times", reached=False)])
    assert shown.splitlines()[-1] == "| a | 1 | 2 | 2.00 | at least 4 times | **no** |"


def test_the_table_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    begin, end = marks("performance")
    page.write_text(f"before\n\n{begin}\nold\n{end}\n\nafter\n")
    write(page, "performance", "| new |\n")
    write(page, "performance", "| newer |\n")
    assert page.read_text() == f"before\n\n{begin}\n| newer |\n{end}\n\nafter\n"


def test_the_page_has_a_place_for_each_table(repository, tmp_path):
    page = tmp_path / "performance.md"
    page.write_text((repository / "docs" / "performance.md").read_text())
    for name in ("lesson", "lesson.cost", "performance", "chaos"):
        write(page, name, f"what {name} says")
        assert f"what {name} says" in page.read_text()


def test_a_page_without_a_place_for_the_table_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match=r"page\.md has no line"):
        write(page, "performance", "| new |\n")
    assert page.read_text() == "nothing\n"
