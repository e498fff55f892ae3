"""While the content share hangs, requests for its files are stuck, but the site is not."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading

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
