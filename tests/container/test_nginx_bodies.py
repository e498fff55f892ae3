"""Bodies of requests, where nginx stores them, and slow clients."""

from __future__ import annotations

import contextlib
import json
import socket
from urllib.parse import urlsplit

import pytest

from devtools.deadline import wait_until

from .echo import CALLED, READS
from .fronts import ZIPCONTENT, ask, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

#: gunicorn's threads, as set by start_gunicorn.
THREADS = 4


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    require_nginx()
    folder = tmp_path_factory.mktemp("bodies")
    with (
        start_gunicorn(folder, "echo:application", "app.sock"),
        start_front(folder, zipcontent_host=ZIPCONTENT) as front,
    ):
        yield front


def connect(front):
    connection = socket.create_connection(("127.0.0.1", urlsplit(front.url).port), timeout=30)
    return contextlib.closing(connection)


def received(connection):
    """The JSON of the echo's answer, without headers."""
    content = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return json.loads(content.partition(b"\r\n\r\n")[2])


def begin_upload(connection, size, folder):
    """The application records the result in the folder."""
    connection.sendall(
        b"POST /upload?%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % (str(folder).encode(), size)
    )


def test_a_small_body_on_a_slow_line_reaches_the_application_at_once(front, tmp_path):
    with connect(front) as connection:
        begin_upload(connection, 5000, tmp_path)
        for _ in range(4):
            connection.sendall(b"x" * 1000)
            # It takes the same route as the upload would by now.
            assert ask(front.url, "/").status == 200
        assert not (tmp_path / CALLED).exists()
        connection.sendall(b"x" * 1000)
        found = received(connection)

    assert found["size"] == 5000
    assert (tmp_path / CALLED).exists()


def test_a_large_body_reaches_the_application_as_it_comes(front, tmp_path):
    size = 3_000_000
    with connect(front) as connection:
        begin_upload(connection, size, tmp_path)
        connection.sendall(b"x" * (size // 2))
        wait_until((tmp_path / READS).exists, "the application to read", 20)
        connection.sendall(b"x" * (size // 2))
        found = received(connection)

    assert found["size"] == size


def test_slow_lines_hold_no_thread_of_gunicorn(front, tmp_path):
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(connect(front)) for _ in range(3 * THREADS)]
        for connection in uploads:
            begin_upload(connection, 5000, tmp_path)
            connection.sendall(b"x")
        downloads = [stack.enter_context(connect(front)) for _ in range(3 * THREADS)]
        for connection in downloads:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.recv(1)

        assert ask(front.url, "/").status == 200


def test_hundreds_of_slow_clients_are_served_side_by_side(front):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connect(front)) for _ in range(400)]
        for connection in clients:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert ask(front.url, "/").status == 200
        for connection in clients:
            connection.sendall(b"Connection: close\r\n\r\n")
        for connection in clients:
            assert received(connection)["size"] == 0


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("kolibri.example.org", "/api/auth/session/"),
        ("kolibri.example.org", "/en/learn/"),
        ("kolibri.example.org", "/api/public/info/"),
        ("kolibri.example.org", "/azure/status/"),
        ("kolibri.example.org", "/azure/health/live"),
        ("kolibri.example.org", f"/content/storage/7/7/{'7' * 32}.html"),
        (ZIPCONTENT, "/content/zipcontent/"),
        (ZIPCONTENT, "/azure/health/live"),
    ],
)
def test_only_where_uploads_go_a_body_may_be_larger_than_a_sign_in(front, host, path):
    def send(size, path=path):
        return ask(front.url, path, {"Host": host}, method="POST", body=b"x" * size).status

    assert send(1000) != 413
    assert send(20_000) == 413
    assert host == ZIPCONTENT or send(20_000, "/api/tasks/tasks/") == 200


def test_few_bodies_at_a_time_are_stored_on_disk(front, tmp_path):
    size, stored = 500_000, 10
    folders = [tmp_path / str(number) for number in range(stored + 1)]
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(connect(front)) for _ in folders]
        for connection, folder in zip(uploads, folders, strict=True):
            folder.mkdir()
            begin_upload(connection, size, folder)
            connection.sendall(b"x" * (size // 2))
        wait_until(
            lambda: any((folder / READS).exists() for folder in folders),
            "one upload to reach the application before it is complete",
            20,
        )
        assert sum((folder / CALLED).exists() for folder in folders) == 1
        for connection in uploads:
            connection.sendall(b"x" * (size // 2))
        assert [received(connection)["size"] for connection in uploads] == [size] * len(uploads)
