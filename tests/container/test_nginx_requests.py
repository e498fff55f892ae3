"""What nginx makes of requests before gunicorn gets them, and of answers on slow lines."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from devtools.deadline import wait_until

from .fronts import ask, need_brotli, need_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

#: gunicorn's threads, as start_gunicorn gives it.
THREADS = 4

FORGED = {
    "X-Forwarded-For": "10.0.0.1, 198.51.100.7:56789",
    "X-Forwarded-Proto": "https",
    "X-ARR-LOG-ID": "a1b2c3",
    "X-Request-ID": "other",
    "Proxy": "http://evil.example/",
    "X-Shared-Answer": "yes",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    need_nginx()
    return tmp_path_factory.mktemp("requests")


@pytest.fixture(scope="module")
def gunicorn(folder):
    with start_gunicorn(folder, "echo:application", "app.sock") as process:
        yield process


@pytest.fixture(scope="module")
def front(folder, gunicorn):
    with start_front(folder) as process:
        yield process


@pytest.fixture
def another(tmp_path, folder, gunicorn):
    """A folder for one more nginx in front of the same gunicorn."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "app.sock").symlink_to(folder / "run" / "app.sock")
    return tmp_path


@pytest.fixture
def another_front(another):
    with start_front(another) as process:
        yield process


def variables(answer):
    return json.loads(answer.body)["variables"]


def connect(front):
    connection = socket.create_connection(("127.0.0.1", urlsplit(front.url).port), timeout=30)
    return contextlib.closing(connection)


def received(connection):
    """The JSON that the echo sends, after its headers."""
    content = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return json.loads(content.partition(b"\r\n\r\n")[2])


def begin_upload(connection, size):
    connection.sendall(
        b"POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )


def test_behind_the_platform_it_is_believed(front):
    found = variables(ask(front.url, "/", FORGED))

    assert found["HTTP_X_FORWARDED_FOR"] == FORGED["X-Forwarded-For"]
    assert found["HTTP_X_FORWARDED_PROTO"] == "https"
    assert found["HTTP_X_REQUEST_ID"] == "a1b2c3"
    assert not {"HTTP_PROXY", "HTTP_X_SHARED_ANSWER"} & set(found)


def test_where_no_proxy_stands_in_front_a_request_is_not_believed(another):
    with start_front(another, behind_proxy=False) as front:
        found = variables(ask(front.url, "/", FORGED))

    assert found["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert found["HTTP_X_FORWARDED_PROTO"] == "http"
    assert found["HTTP_X_REQUEST_ID"] not in ("a1b2c3", "other")
    assert "HTTP_X_ARR_LOG_ID" not in found
    assert "HTTP_PROXY" not in found


def test_without_a_word_of_the_platform_nginx_says_what_it_sees(front):
    found = variables(ask(front.url, "/"))

    assert found["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert found["HTTP_X_FORWARDED_PROTO"] == "http"
    assert len(found["HTTP_X_REQUEST_ID"]) == 32


def test_host_and_address_reach_the_application_as_they_were_sent(front):
    found = variables(ask(front.url, "/a%2Fb//c?d=%20e", {"Host": "kolibri.example.org:8080"}))

    assert found["HTTP_HOST"] == "kolibri.example.org:8080"
    assert (found["RAW_URI"], found["QUERY_STRING"]) == ("/a%2Fb//c?d=%20e", "d=%20e")


@pytest.mark.parametrize("ending", ["html", "svg"])
def test_content_from_elsewhere_runs_in_no_page_of_the_site_either(front, ending):
    path = f"/content/storage/7/7/{'7' * 32}.{ending}"
    for headers in ({}, {"Range": "bytes=0-"}):
        answer = ask(front.url, path, headers)

        assert answer.status == 200
        assert variables(answer)["RAW_URI"] == path
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_small_body_on_a_slow_line_reaches_the_application_at_once(front):
    begun = time.monotonic()
    with connect(front) as connection:
        begin_upload(connection, 5000)
        for _ in range(5):
            connection.sendall(b"x" * 1000)
            time.sleep(0.3)
        found = received(connection)

    assert found["size"] == 5000
    assert found["last"] < (time.monotonic() - begun) / 3


def test_a_large_body_reaches_the_application_as_it_comes(front):
    size = 3_000_000
    with connect(front) as connection:
        begin_upload(connection, size)
        connection.sendall(b"x" * (size // 2))
        time.sleep(1)
        connection.sendall(b"x" * (size // 2))
        found = received(connection)

    assert found["size"] == size
    # It had the first half before the second was sent.
    assert found["last"] - found["first"] > 0.5


def test_slow_lines_hold_no_thread_of_gunicorn(front):
    with contextlib.ExitStack() as stack:
        uploads = [stack.enter_context(connect(front)) for _ in range(3 * THREADS)]
        for connection in uploads:
            begin_upload(connection, 5000)
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


def test_while_gunicorn_is_not_up_a_page_says_so_and_tries_again(tmp_path):
    need_nginx()
    with start_front(tmp_path) as front:
        for method in ("GET", "POST"):
            answer = ask(front.url, "/en/learn/", method=method, body=b"")

            assert answer.status == 503
            assert int(answer.headers["retry-after"]) <= 10
            assert answer.headers["cache-control"] == "no-store"
            assert b'http-equiv="refresh"' in answer.body
            assert len(answer.body) < 1000
        assert ask(front.url, "/azure/health/live").status == 503

        with start_gunicorn(tmp_path, "echo:application", "app.sock"):
            assert ask(front.url, "/en/learn/").status == 200
        assert ask(front.url, "/en/learn/").status == 503


def test_a_page_whose_process_dies_is_asked_for_again(front, tmp_path):
    answer = ask(front.url, f"/dies-once?{tmp_path}/died")

    assert answer.status == 200
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_never_tried_again(front, tmp_path, method):
    answer = ask(front.url, f"/dies-once?{tmp_path}/died", method=method, body=b"{}")

    assert answer.status == 503


def test_pages_are_compressed_while_they_are_sent(front):
    packed = ask(front.url, "/large", {"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == ask(front.url, "/large").body


def test_who_reads_brotli_gets_brotli(front):
    need_brotli()
    answer = ask(front.url, "/large", {"Accept-Encoding": "gzip, deflate, br"})

    assert answer.headers["content-encoding"] == "br"
    assert len(answer.body) < 1000


def test_what_is_too_large_is_refused(front):
    address, cookie = "/?" + "x" * 140_000, "x" * 140_000

    assert ask(front.url, address).status == 414
    assert ask(front.url, "/", {"Cookie": cookie}).status == 400
    assert ask(front.url, "/", {"Content-Length": str(200 << 20)}, method="POST").status == 413


def test_the_address_of_many_resources_fits(front):
    ids = ",".join(["f" * 32] * 200)

    assert variables(ask(front.url, f"/?ids={ids}"))["QUERY_STRING"] == f"ids={ids}"


def test_a_request_in_flight_is_finished_when_nginx_stops(another):
    front = start_front(another, shutdown_seconds=20)
    answers = []
    request = threading.Thread(target=lambda: answers.append(ask(front.url, "/slow")))
    request.start()
    wait_until(lambda: _connections(front) > 0, "the request to arrive", 10)
    front.signal(signal.SIGQUIT)
    request.join()

    assert [answer.body for answer in answers] == [b"at last"]
    assert front.wait_until_it_ends(10) == 0


def _connections(front):
    """Established connections to its port."""
    port = urlsplit(front.url).port
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[1].rpartition(":")[2], 16) == port and row[3] == "01" for row in rows)


def test_nothing_is_written_down_of_what_visitors_do(another_front):
    missing = "/content/storage/a/b/ab" + "0" * 30 + ".mp4"
    for path in ("/", "/static/none.js", missing, "/content/none"):
        ask(another_front.url, path)

    assert another_front.output == ""
