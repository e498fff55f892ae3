"""nginx's changes to requests before gunicorn gets them."""

from __future__ import annotations

import gzip
import json
import signal
import threading

import pytest

from devtools.deadline import wait_until

from .fronts import ask, require_brotli, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

FORGED = {
    "X-Forwarded-For": "10.0.0.1, 198.51.100.7:56789",
    "X-Forwarded-Proto": "https",
    "X-ARR-LOG-ID": "a1b2c3",
    "X-Request-ID": "other",
    "Proxy": "http://evil.example/",
    "X-Shared-Response": "yes",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    require_nginx()
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


def test_behind_the_platform_it_is_believed(front):
    found = variables(ask(front.url, "/", FORGED))

    assert found["HTTP_X_FORWARDED_FOR"] == FORGED["X-Forwarded-For"]
    assert found["HTTP_X_FORWARDED_PROTO"] == "https"
    assert found["HTTP_X_REQUEST_ID"] == "a1b2c3"
    assert not {"HTTP_PROXY", "HTTP_X_SHARED_RESPONSE"} & set(found)


def test_where_no_proxy_stands_in_front_a_request_is_not_believed(another):
    with start_front(another, behind_proxy=False) as front:
        found = variables(ask(front.url, "/", FORGED))

    assert found["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert found["HTTP_X_FORWARDED_PROTO"] == "http"
    assert found["HTTP_X_REQUEST_ID"] not in ("a1b2c3", "other")
    assert "HTTP_X_ARR_LOG_ID" not in found
    assert "HTTP_PROXY" not in found


def test_without_headers_of_the_platform_nginx_reports_what_it_sees(front):
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


def test_while_gunicorn_is_not_up_a_page_says_so_and_tries_again(tmp_path):
    require_nginx()
    with start_front(tmp_path) as front:
        for method, path, body in (
            ("GET", "/en/learn/", b""),
            ("POST", "/en/learn/", b""),
            ("POST", "/api/tasks/tasks/", b"x" * 100_000),
        ):
            answer = ask(front.url, path, method=method, body=body)

            assert answer.status == 503
            assert int(answer.headers["retry-after"]) <= 10
            assert answer.headers["cache-control"] == "no-store"
            assert b'http-equiv="refresh"' in answer.body
            assert b"tell the person who looks after this site" in answer.body
            assert len(answer.body) < 1000
        assert ask(front.url, "/azure/health/live").status == 503

        with start_gunicorn(tmp_path, "echo:application", "app.sock"):
            assert ask(front.url, "/en/learn/").status == 200
        assert ask(front.url, "/en/learn/").status == 503


def test_without_a_database_the_status_page_says_whom_to_tell(front):
    assert ask(front.url, "/azure/status/").status == 200

    answer = ask(front.url, "/azure/status/?without-database")

    assert answer.status == 503
    assert b"tell the person who looks after this site" in answer.body


def test_a_page_whose_process_dies_is_asked_for_again(front, tmp_path):
    answer = ask(front.url, f"/dies-once?{tmp_path}/died")

    assert answer.status == 200
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_request_that_changes_data_is_never_repeated(front, tmp_path, method):
    answer = ask(front.url, f"/dies-once?{tmp_path}/died", method=method, body=b"{}")

    assert answer.status == 503


def test_pages_are_compressed_while_they_are_sent(front):
    packed = ask(front.url, "/large", {"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == ask(front.url, "/large").body


def test_a_client_with_brotli_gets_brotli(front):
    require_brotli()
    answer = ask(front.url, "/large", {"Accept-Encoding": "gzip, deflate, br"})

    assert answer.headers["content-encoding"] == "br"
    assert len(answer.body) < 1000


def test_a_body_that_is_too_large_is_refused(front):
    address, cookie = "/?" + "x" * 140_000, "x" * 140_000

    assert ask(front.url, address).status == 414
    assert ask(front.url, "/", {"Cookie": cookie}).status == 400
    assert ask(front.url, "/", {"Content-Length": str(200 << 20)}, method="POST").status == 413


def test_the_address_of_many_resources_fits(front):
    ids = ",".join(["f" * 32] * 200)

    assert variables(ask(front.url, f"/?ids={ids}"))["QUERY_STRING"] == f"ids={ids}"


def test_a_request_in_flight_is_finished_when_nginx_stops(another, tmp_path):
    arrived = tmp_path / "arrived"
    answers = []
    with start_front(another, shutdown_seconds=20) as front:
        request = threading.Thread(
            target=lambda: answers.append(ask(front.url, f"/slow?{arrived}"))
        )
        request.start()
        wait_until(arrived.exists, "the request to arrive", 30)
        front.signal(signal.SIGQUIT)
        request.join()

        assert [answer.body for answer in answers] == [b"at last"]
        assert front.wait_for_exit(60) == 0


def test_requests_of_visitors_are_not_logged(another_front):
    missing = "/content/storage/a/b/ab" + "0" * 30 + ".mp4"
    for path in ("/", "/static/none.js", missing, "/content/none"):
        ask(another_front.url, path)

    assert another_front.output == ""
