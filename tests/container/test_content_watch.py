"""While the content share hangs, who opens a file on it is stuck; the site is not."""

from __future__ import annotations

import contextlib
import threading

import pytest

from devtools.deadline import wait_until
from devtools.share import HANGING

from .fronts import ask, need_nginx

pytestmark = pytest.mark.slow

#: Seconds after which the site has to be itself again.
RECOVERY = 30

PAGE, LIVE, READY = "/en/auth/", "/azure/health/live", "/azure/health/ready"


def storage(digit):
    name = digit * 32 + ".mp4"
    return f"storage/{digit}/{digit}/{name}"


@pytest.fixture
def container(start, provisioned):
    """A container whose share hangs while a file of that name is in its source."""
    need_nginx()
    provisioned.kind = "bind-then-hang"
    for digit in "0123456789abcdef":
        path = provisioned.share / storage(digit)
        path.parent.mkdir(parents=True)
        path.write_bytes(b"content")
    processes = start()
    processes.wait_until_ready()
    return processes


def status(url, path, headers=None):
    """0 when there is no answer soon."""
    with contextlib.suppress(OSError):
        return ask(url, path, headers, seconds=2).status
    return 0


def visit(container, paths, headers=None):
    """Visitors who wait for these files, and don't give up."""
    for path in paths:
        arguments = (container.url, path, headers)
        threading.Thread(target=status, args=arguments, daemon=True).start()


def all_pages(container):
    return {path: status(container.url, path) for path in (PAGE, LIVE)}


@pytest.mark.parametrize("zipcontent", [False, True])
def test_pages_are_served_while_the_share_hangs(container, provisioned, zipcontent):
    host = {"Host": container.zipcontent_host} if zipcontent else None
    folder = "/content/zipcontent" if zipcontent else "/content"
    paths = [
        f"/content/zipcontent/{digit * 32}.zip/index.html"
        if zipcontent
        else f"/content/{storage(digit)}"
        for digit in "0123456789abcdef"
    ]
    assert ask(container.url, f"/content/{storage('0')}").body == b"content"

    hanging = provisioned.share / HANGING
    hanging.touch()
    visit(container, paths, host)

    def content_is_held_back():
        with contextlib.suppress(OSError):
            answer = ask(container.url, f"{folder}/{storage('0')}", host, seconds=2)
            return answer.status == 503 and answer.headers.get("retry-after")
        return False

    wait_until(content_is_held_back, "content to be held back", RECOVERY)
    wait_until(lambda: all_pages(container) == {PAGE: 200, LIVE: 200}, "pages and health", RECOVERY)
    visit(container, paths, host)
    for _ in range(20):
        assert all_pages(container) == {PAGE: 200, LIVE: 200}
    assert status(container.url, LIVE, host) == 200
    assert status(container.url, READY) == 503

    hanging.unlink()
    wait_until(
        lambda: status(container.url, f"/content/{storage('0')}") == 200, "content", RECOVERY
    )
    wait_until(lambda: status(container.url, READY) == 200, "readiness", RECOVERY)
    assert "hangs: content is held back" in container.output
    assert "answers again" in container.output
