"""Requests are read from nginx's lines, and counted."""

from __future__ import annotations

import json

import pytest

from kolibri_azure_plugin.instances.activity.counts import COUNTED_PAGES, STORED_PAGES, Counts
from kolibri_azure_plugin.instances.activity.requests import RequestLog, parse

NOON = 1_764_504_000


def line(
    path="/", *, answered="passed", at=NOON, status=200, header="0.010", total="-", method="GET"
):
    fields = (answered, f"{at}.123", status, method, header, total, path)
    return ("\t".join(map(str, fields)) + "\n").encode()


def counted(*lines):
    counts = Counts()
    for each in lines:
        counts.add(parse(each))
    return counts.value()


def test_kept_and_passed_requests_and_their_errors_are_counted_apart():
    value = counted(
        line(answered="kept"),
        line(answered="kept", status=404),
        line(answered="kept", status=503),
        line(),
        line(status=500),
        line(status=502),
    )
    assert (value["kept"], value["kept_errors"]) == (3, 1)
    assert (value["passed"], value["passed_errors"]) == (3, 2)


@pytest.mark.parametrize("status", [200, 304, 404, 429, 499])
def test_a_visitor_who_leaves_or_asks_for_something_else_is_no_error(status):
    assert counted(line(status=status))["passed_errors"] == 0


@pytest.mark.parametrize(
    ("header", "total", "milliseconds"),
    [
        ("0.010", "0.500", 10),
        ("-", "230.001", 230001),
        ("-, 0.010", "0.001, 0.020", 10),
        ("0.001 : 0.250", "0.002 : 0.260", 251),
        ("-", "-", 0),
    ],
)
def test_time_is_what_gunicorn_took_without_slow_lines_and_the_queue(header, total, milliseconds):
    request = parse(line(header=header, total=total))
    assert request.milliseconds == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/api/lesson/0123456789abcdef0123456789abcdef/", "/api/lesson/:id/"),
        ("/api/x/01234567-89ab-cdef-0123-456789abcdef/2/", "/api/x/:id/:id/"),
        ("/content/storage/0/a/" + 32 * "a" + ".mp4", "/content/storage/:id/a/:id.mp4"),
        ("/api/content/contentnode_tree/17/", "/api/content/contentnode_tree/:id/"),
        ("/en/learn/", "/en/learn/"),
        ("/api/v2/facade/", "/api/v2/facade/"),
        ("/users/anna%20smith/", "/users/:id/"),
        ("/media/log_export/" + 41 * "x", "/media/log_export/:id"),
        ("/\\xD0\\xB0", "/:id"),
    ],
)
def test_a_page_is_named_without_ids_and_without_what_somebody_typed(path, page):
    assert parse(line(path)).page == f"GET {page}"


def test_a_page_that_does_not_exist_is_none_and_one_that_fails_is():
    assert parse(line("/wp-login.php", status=404)).page == ""
    assert parse(line("/api/broken/", status=500)).page == "GET /api/broken/"


def test_of_each_page_its_number_its_time_and_its_longest_time_are_stored():
    value = counted(
        line("/api/lesson/1/", header="0.010"),
        line("/api/lesson/2/", header="0.030"),
        line("/api/lesson/2/", header="0.005", method="PUT"),
    )
    assert value["pages"] == {
        "GET /api/lesson/:id/": [2, 40, 30],
        "PUT /api/lesson/:id/": [1, 5, 5],
    }


def test_the_pages_that_took_most_time_are_stored():
    pages = counted(*(line(f"/{'x' * n}/", header=f"0.{n:03}") for n in range(1, 40)))["pages"]
    assert len(pages) == STORED_PAGES
    assert next(iter(pages)) == f"GET /{'x' * 39}/"


def test_made_up_pages_do_not_fill_the_memory():
    counts = Counts()
    for number in range(COUNTED_PAGES + 10):
        counts.add(parse(line(f"/p{number}x/")))
    assert len(counts.pages) == COUNTED_PAGES
    assert counts.passed == COUNTED_PAGES + 10


def test_a_late_request_is_added_to_what_is_stored():
    stored = json.loads(json.dumps(counted(line("/a/"), line(answered="kept"))))
    counts = Counts()
    counts.add(parse(line("/a/", status=500, header="0.090")))
    counts.add(parse(line("/b/", answered="kept", status=503)))
    assert counts.value(stored) == {
        "kept": 2,
        "kept_errors": 1,
        "passed": 2,
        "passed_errors": 1,
        "pages": {"GET /a/": [2, 100, 90]},
    }


@pytest.mark.parametrize(
    "damaged", [b"", b"\n", b"passed\t17", b"\0\0\0", line().replace(b"200", b"-"), line() * 2]
)
def test_a_damaged_line_is_left_out(damaged):
    assert parse(damaged.replace(b"\n", b"", 1)) is None


def test_the_file_is_read_and_emptied_again_and_again(tmp_path):
    file = tmp_path / "requests.log"
    log = RequestLog(file)
    assert list(log.take()) == []
    with file.open("ab", buffering=0) as nginx:
        nginx.write(line() + line(at=NOON + 60))
        assert [request.minute - NOON // 60 for request in log.take()] == [0, 1]
        assert file.stat().st_size == 0
        nginx.write(line(answered="kept"))
        assert [request.passed for request in log.take()] == [False]
    assert list(log.take()) == []
