"""SIGTERM: requests finish, the workers hand over, and the container exits with 0."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from devtools.deadline import wait_until
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient

#: Seconds in which an idle container must end (docs/container.md).
IDLE_SECONDS = 5

#: The platform's time limit in these tests, long enough that it ends no process.
STOP_LIMIT = 60

#: Requests of a learner's page.
PATHS = ("/en/learn/", "/api/auth/facility/", "/api/public/info/", "/api/content/channel/")


def stop(container, number=signal.SIGTERM):
    """The exit code, and the seconds until the exit."""
    began = time.monotonic()
    container.signal(number)
    return container.wait_for_exit(STOP_LIMIT), time.monotonic() - began


@contextlib.contextmanager
def facilities_held_up(deployment):
    """Make requests for the facilities wait in the database until the end of the block."""
    connection = psycopg2.connect(deployment.database_url)
    connection.cursor().execute("LOCK TABLE kolibriauth_facilitydataset")
    try:
        yield
    finally:
        connection.close()


def refuses(url):
    address = urlsplit(url)
    with socket.socket() as visitor:
        return visitor.connect_ex((address.hostname, address.port)) != 0


class Visitor(threading.Thread):
    """Requests one page after the other until the server refuses connections.

    :ivar finished: the pages that it received.
    :ivar cut: what happened to a request that was sent but not answered in full.
    :ivar unread: the address of a request whose connection was closed without an answer. Only the
        app can tell whether the container had read it.
    """

    def __init__(self, url, cookies):
        super().__init__(daemon=True)
        self._address = urlsplit(url)
        self._headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
        self.finished = 0
        self.cut = ""
        self.unread = ""

    def run(self):
        for number, path in enumerate(itertools.cycle(PATHS)):
            address = f"{path}?visit={id(self)}-{number}"
            connection = http.client.HTTPConnection(self._address.netloc, timeout=STOP_LIMIT)
            try:
                connection.connect()
                connection.request("GET", address, headers=self._headers)
                answer = connection.getresponse()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                # Also for a clean end, for which http.client raises RemoteDisconnected.
                self.unread = address
                return
            except (OSError, http.client.HTTPException) as error:
                self.cut = f"{path}: {error!r}"
                return
            try:
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.cut = f"{path}, in the middle: {error!r}"
                return
            if answer.status != HTTPStatus.OK:
                self.cut = f"{path}: status {answer.status}"
                return
            self.finished += 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_container_ends_with_0_within_5_seconds(number, start):
    took = []
    # A busy machine may hold it up once or twice.
    while len(took) < 3 and not (took and min(took) < IDLE_SECONDS):
        web = start()
        web.wait_until_ready()
        code, seconds = stop(web, number)
        assert (code, web.orphans()) == (0, set())
        took.append(seconds)
    assert min(took) < IDLE_SECONDS, took


def test_a_container_that_has_only_begun_to_start_ends_with_0_too(start):
    container = start()
    container.wait_until(lambda: "app" in container.parts(), "the supervisor", 30)

    code, _ = stop(container)

    assert (code, container.orphans()) == (0, set())


def test_the_workers_say_that_they_end_so_that_the_next_need_not_wait(web, provisioned, postgres):
    def ended():
        rows = postgres.execute(
            "SELECT value ->> 'ended' FROM kolibri_azure_state WHERE key = 'workers'",
            database=provisioned.database,
        )
        return rows[0][0] if rows else None

    web.wait_until(lambda: ended() == "false", "the workers to run", 60)

    assert web.stop() == 0

    assert ended() == "true"


def test_a_request_in_flight_is_finished_when_the_container_stops(start, provisioned, postgres):
    web = start(WEBSITES_CONTAINER_STOP_TIME_LIMIT=str(STOP_LIMIT))
    web.wait_until_ready()

    def waits_in_the_database():
        return postgres.execute("SELECT 1 FROM pg_locks WHERE NOT granted")

    with ThreadPoolExecutor(1) as thread:
        with facilities_held_up(provisioned):
            answer = thread.submit(requests.get, f"{web.url}/api/auth/facility/", timeout=60)
            wait_until(waits_in_the_database, "the request in the database", 20)
            web.signal(signal.SIGTERM)
            wait_until(lambda: refuses(web.url), "nginx to take no more calls", 10)
            assert not answer.done()

        assert answer.result(STOP_LIMIT).status_code == 200
    assert web.wait_for_exit(STOP_LIMIT) == 0


def test_a_request_that_does_not_end_within_the_limit_does_not_hold_up_the_end(
    start, provisioned, postgres
):
    web = start(WEBSITES_CONTAINER_STOP_TIME_LIMIT="5")
    web.wait_until_ready()
    with facilities_held_up(provisioned), ThreadPoolExecutor(1) as thread:
        answer = thread.submit(requests.get, f"{web.url}/api/auth/facility/", timeout=60)
        wait_until(
            lambda: postgres.execute("SELECT 1 FROM pg_locks WHERE NOT granted"),
            "the request in the database",
            20,
        )

        code, seconds = stop(web)

        assert (code, web.orphans()) == (0, set())
        # On a busy machine it takes longer, but nothing waits for the request, which has no end.
        assert seconds < 30
        with contextlib.suppress(requests.RequestException):
            answer.result()


@pytest.mark.slow
def test_no_request_that_was_begun_is_cut_when_the_container_stops_under_load(start):
    web = start(WEBSITES_CONTAINER_STOP_TIME_LIMIT=str(STOP_LIMIT))
    web.wait_until_ready()
    client = KolibriClient(web.url)
    client.sign_in(LEARNER, LEARNER_PASSWORD)
    cookies = client.session.cookies.get_dict()
    visitors = [Visitor(web.url, cookies) for _ in range(16)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: all(visitor.finished > len(PATHS) for visitor in visitors), "traffic", 60)

    code, _ = stop(web)

    for visitor in visitors:
        visitor.join(STOP_LIMIT)
    assert code == 0
    assert [visitor.cut for visitor in visitors if visitor.cut] == []
    unread = [visitor.unread for visitor in visitors if visitor.unread]
    assert [address for address in unread if address in web.output] == []
