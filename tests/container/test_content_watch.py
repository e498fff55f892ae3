"""While the content share hangs, requests for its files are stuck, but the site is not."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from devtools import share
from devtools.deadline import wait_until
from tests.fuse import require_fuse

from .fronts import ask, require_nginx

pytestmark = pytest.mark.slow

#: Seconds in which the site must recover.
RECOVERY = 30

#: Seconds for one answer on a busy machine. Those that hang never come.
PATIENCE = 15

PAGE, LIVE, READY = "/en/auth/", "/azure/health/live", "/azure/health/ready"

#: More files than any test requests, because a file sent once is still open.
FILES = [f"{number:032x}" for number in range(500)]


def storage(name):
    return f"storage/{name[0]}/{name[1]}/{name}.mp4"


@pytest.fixture
def container(start, provisioned):
    """A container whose share hangs while a file with that name is in its source."""
    require_nginx()
    require_fuse()
    provisioned.kind = "bind-then-hang"
    for name in FILES:
        path = provisioned.share / storage(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")
    processes = start()
    processes.wait_until_ready()
    return processes


def status(url, path, headers=None, seconds=2):
    """The status of an answer; 0 when there is none in time."""
    with contextlib.suppress(OSError):
        return ask(url, path, headers, seconds=seconds).status
    return 0


def all_pages(container, seconds=2):
    return {path: status(container.url, path, seconds=seconds) for path in (PAGE, LIVE)}


@pytest.mark.parametrize("zipcontent", [False, True])
def test_pages_are_served_while_the_share_hangs_and_content_when_it_answers(
    container, provisioned, zipcontent
):
    host = {"Host": container.zipcontent_host} if zipcontent else None
    paths = itertools.cycle(
        f"/content/zipcontent/{name}.zip/index.html" if zipcontent else f"/content/{storage(name)}"
        for name in FILES
    )

    def visitors_come():
        """16 visitors who wait for as many files and give up after two seconds."""
        for _ in range(16):
            arguments = (container.url, next(paths), host)
            threading.Thread(target=status, args=arguments, daemon=True).start()

    def content_is_held_back():
        visitors_come()
        with contextlib.suppress(OSError):
            answer = ask(container.url, next(paths), host, seconds=2)
            return answer.status == 503 and answer.headers.get("retry-after")
        return False

    assert ask(container.url, f"/content/{storage(FILES[-1])}").body == b"content"
    share.hang(provisioned.share)

    wait_until(content_is_held_back, "content to be held back", RECOVERY)
    wait_until(lambda: all_pages(container) == {PAGE: 200, LIVE: 200}, "pages and health", RECOVERY)
    wait_until(lambda: status(container.url, LIVE, host) == 200, "both origins", RECOVERY)
    os.kill(container.parts()["content_watch"], signal.SIGKILL)
    for _ in range(5):
        visitors_come()
        assert all_pages(container, PATIENCE) == {PAGE: 200, LIVE: 200}
        assert status(container.url, LIVE, host, PATIENCE) == 200
    wait_until(lambda: status(container.url, READY) == 503, "readiness to say so", RECOVERY)

    share.recover(provisioned.share)
    wait_until(
        lambda: status(container.url, f"/content/{storage(FILES[-1])}") == 200, "content", RECOVERY
    )
    wait_until(lambda: status(container.url, READY) == 200, "readiness", RECOVERY)
    assert "hangs: content is held back" in container.output
    assert "answers again" in container.output


@pytest.mark.parametrize("zipcontent", [False, True])
def test_visitors_who_wait_are_told_to_come_back_and_hold_up_nobody(
    container, provisioned, zipcontent
):
    host = {"Host": container.zipcontent_host}
    answers = []

    def wait_for_content(name):
        path = (
            f"/content/zipcontent/{name}.zip/index.html"
            if zipcontent
            else f"/content/{storage(name)}"
        )
        answers.append(
            status(container.url, path, host if zipcontent else None, seconds=4 * RECOVERY)
        )

    share.hang(provisioned.share)
    others = iter(FILES[16:])
    wait_until(
        lambda: status(container.url, f"/content/{storage(next(others))}", seconds=1) == 0,
        "the share to hang",
        RECOVERY,
    )
    for name in FILES[:16]:
        threading.Thread(target=wait_for_content, args=(name,), daemon=True).start()

    wait_until(lambda: len(answers) == 16, "an answer to each of them", RECOVERY)
    assert set(answers) == {503}
    assert all_pages(container, PATIENCE) == {PAGE: 200, LIVE: 200}
    assert status(container.url, LIVE, host, PATIENCE) == 200


def ask_the_application(container, name):
    """Send a request for interactive content that nginx has passed on, and wait for no answer."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(container.run / "zipcontent.sock"))
    connection.sendall(
        f"GET /content/zipcontent/{name}.zip/index.html HTTP/1.1\r\n"
        f"Host: {container.zipcontent_host}\r\n\r\n".encode()
    )
    return connection


def test_one_process_after_another_that_gets_stuck_is_replaced(container, provisioned):
    host = {"Host": container.zipcontent_host}
    share.hang(provisioned.share)
    wait_until(
        lambda: (
            status(container.url, f"/content/zipcontent/{FILES[0]}.zip/index.html", host) == 503
        ),
        "content to be held back",
        RECOVERY,
    )

    with contextlib.ExitStack() as open_requests:
        for name in FILES[:16]:
            open_requests.enter_context(ask_the_application(container, name))
        wait_until(
            lambda: status(container.url, LIVE, host) == 0, "all threads to be stuck", RECOVERY
        )
        wait_until(lambda: status(container.url, LIVE, host) == 200, "the second origin", RECOVERY)


@contextlib.contextmanager
def watch_held_up_before_it_tells_nginx(container):
    """The watch waits in the place where a kill leaves nginx's files and nginx at odds."""
    pid_file = container.run / "nginx.pid"
    nginx = pid_file.read_text()
    pid_file.unlink()
    os.mkfifo(pid_file)
    yield
    watch = container.parts()["content_watch"]
    os.kill(watch, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{watch}").exists(), "the watch to end", RECOVERY)
    pid_file.unlink()
    pid_file.write_text(nginx)


def test_nginx_learns_what_a_watch_was_killed_before_it_could_tell(container, provisioned):
    held_back = container.run / "nginx" / "content_held_back.conf"
    paths = iter([f"/content/{storage(name)}" for name in FILES])

    def answer():
        return status(container.url, next(paths))

    with watch_held_up_before_it_tells_nginx(container):
        share.hang(provisioned.share)
        wait_until(lambda: answer() == 0 and held_back.read_text(), "the watch to act", RECOVERY)
    wait_until(lambda: answer() == 503, "content to be held back", RECOVERY)

    with watch_held_up_before_it_tells_nginx(container):
        share.recover(provisioned.share)
        wait_until(lambda: not held_back.read_text(), "the watch to act", RECOVERY)
    wait_until(lambda: answer() == 200, "content", RECOVERY)
