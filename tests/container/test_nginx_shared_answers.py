"""The answers for all visitors that nginx keeps, and those that it must not keep."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import subprocess

import pytest

from devtools.deadline import wait_until

from .fronts import ask, require_brotli, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

PAGE = "/en/learn/"

#: Each test has its own addresses.
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    require_nginx()
    folder = tmp_path_factory.mktemp("shared")
    with start_gunicorn(folder, "shared:application", "app.sock"), start_front(folder) as front:
        yield front


@pytest.fixture
def address():
    """Make an address that no test has requested yet."""
    number = next(_numbers)

    def make(path: str = PAGE, **asked: str) -> str:
        query = "".join(f"&{name}={value}" for name, value in asked.items())
        return f"{path}?test={number}{query}"

    return make


@pytest.fixture
def get(front):
    return lambda path, headers=None, **options: ask(front.url, path, headers, **options)


@pytest.mark.parametrize(
    "path",
    [
        PAGE,
        "/pt-br/coach/",
        "/zh-hans/device/",
        "/es-419/facility/",
        "/sw-tz/profile/",
        "/api/content/channel/",
        "/api/public/info/",
    ],
)
def test_a_marked_answer_is_given_to_all(path, get, address):
    first = get(address(path), {"Cookie": "kolibri=anna"})
    second = get(address(path), {"Cookie": "kolibri=ben"})

    assert first.status == second.status == 200
    assert second.body == first.body


@pytest.mark.parametrize(
    "path",
    ["/", "/en/", "/en/auth/", "/en/user/", "/learn/api/state", "/api/auth/facilityuser/0123/",
     "/api/auth/session/current/", "/en/learn/more/", "/media/report.csv"],
)  # fmt: skip
def test_no_other_address_is_ever_kept_whatever_the_answer_says(path, get, address):
    asked = {"X-Shared-Response": "yes"}

    assert get(address(path), asked).body != get(address(path), asked).body


def test_an_answer_that_is_not_marked_is_not_kept(get, address):
    path = address(keep="", **{"Cache-Control": "public,max-age=60", "Vary": "Accept"})

    assert get(path).body != get(path).body


def test_an_answer_that_sets_a_cookie_is_not_kept(get, address):
    path = address(**{"Set-Cookie": "kolibri=anna"})

    first, second = get(path), get(path)

    assert first.body != second.body
    assert second.headers["set-cookie"] == "kolibri=anna"


def test_hosts_do_not_mix(get, address):
    bodies = {get(address(), {"Host": host}).body for host in ("one.example", "two.example")}

    assert len(bodies) == 2


def test_schemes_do_not_mix(get, address):
    bodies = {get(address(), {"X-Forwarded-Proto": name}).body for name in ("http", "https")}

    assert len(bodies) == 2


def test_addresses_do_not_mix(get, address):
    paths = [address(), address(more="1"), address("/fr-fr/learn/"), address("/en/coach/")]

    assert len({get(path).body for path in paths}) == len(paths)


def test_answers_for_different_accept_headers_do_not_mix(get, address):
    bodies = {get(address(), {"Accept": kind}).body for kind in ("text/html", "application/json")}

    assert len(bodies) == 2


def test_a_request_with_credentials_gets_its_own_answer(get, address):
    get(address())
    with_credentials = get(address(), {"Authorization": "Basic YW5uYTpwYXNz"})
    afterwards = get(address())

    assert with_credentials.body != get(address(), {"Authorization": "Basic YW5uYTpwYXNz"}).body
    assert afterwards.body != with_credentials.body


def test_a_request_that_changes_something_always_goes_on(get, address):
    kept = get(address())

    posted = [get(address(), method="POST", body=b"{}") for _ in range(2)]

    assert {b" POST " in answer.body for answer in posted} == {True}
    assert posted[0].body != posted[1].body
    assert get(address()).body == kept.body


def test_the_head_of_a_kept_answer_is_that_of_the_whole_one(get, address):
    head = get(address(), method="HEAD")
    whole = get(address())

    assert (head.status, head.body) == (200, b"")
    assert b" GET " in whole.body
    assert head.headers["etag"] == whole.headers["etag"]


def test_a_browser_that_has_the_answer_is_told_so(get, address):
    known = get(address()).headers["etag"]

    assert get(address(), {"If-None-Match": known}).status == 304


def test_an_answer_is_kept_no_longer_than_its_mark_says(get, address):
    first = get(address(keep="1"))

    wait_until(lambda: get(address(keep="1")).body != first.body, "another answer", 5)


def test_a_mark_whose_time_is_over_keeps_nothing(get, address):
    path = address(keep="@1")

    assert get(path).body != get(path).body


def test_the_mark_is_for_nginx_alone(get, address):
    assert "x-accel-expires" not in get(address()).headers


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0.5, *;q=0", "gzip"),
        ("gzip;q=0, identity", None),
        ("deflate", None),
        (None, None),
    ],
)
def test_a_kept_answer_comes_as_the_browser_can_read_it(accepted, encoding, get, address):
    plain = get(address())
    headers = {} if accepted is None else {"Accept-Encoding": accepted}

    answers = [get(address(), headers) for _ in range(2)]

    assert answers[0].headers.get("content-encoding") == encoding
    assert answers[1].body == answers[0].body
    if encoding:
        assert b"lorem ipsum" in gzip.decompress(answers[0].body)
        assert len(answers[0].body) < len(plain.body)
        assert "accept-encoding" in answers[0].headers["vary"].lower()


@pytest.mark.parametrize("accepted", ["gzip, deflate, br", "br;q=1.0, gzip;q=0.8", "br"])
def test_brotli_goes_before_gzip(accepted, get, address):
    require_brotli()

    assert get(address(), {"Accept-Encoding": accepted}).headers["content-encoding"] == "br"


def test_browsers_that_can_read_the_same_share_an_answer(get, address):
    accepted = ("gzip", "gzip, deflate", "deflate, gzip;q=0.9")

    assert len({get(address(), {"Accept-Encoding": each}).body for each in accepted}) == 1


def test_kolibri_sees_the_first_visitor(tmp_path, address):
    """For compression, the request passes nginx twice."""
    require_nginx()
    with start_gunicorn(tmp_path, "echo:application", "app.sock"), start_front(tmp_path) as front:
        headers = {"Host": "kolibri.example", "X-Forwarded-For": "203.0.113.7"}
        headers["X-Forwarded-Proto"] = "https"
        passed_on = [
            json.loads(ask(front.url, address(path), headers).body)["variables"]
            for path in (PAGE, "/learn/api/state")
        ]

    names = ("HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")
    for variables in passed_on:
        assert [variables[name] for name in names] == ["kolibri.example", "203.0.113.7", "https"]


def test_while_kolibri_is_not_up_its_pages_say_so(tmp_path, address):
    require_nginx()
    with start_front(tmp_path) as front:
        answers = [ask(front.url, address(path)) for path in (PAGE, PAGE, "/api/public/info/")]

    for answer in answers:
        assert answer.status == 503
        assert answer.headers["retry-after"]
        assert answer.headers["cache-control"] == "no-store"


def test_an_nginx_that_was_killed_leaves_nothing_in_the_way_of_the_next(
    tmp_path, repository, address
):
    """The compressing part has a socket, which the supervisor's script removes."""
    require_nginx()
    script = (repository / "docker" / "services" / "nginx" / "run").read_text()
    [removal] = re.findall(r"^rm .*$", script, re.MULTILINE)
    run = tmp_path / "run"
    with start_gunicorn(tmp_path, "shared:application", "app.sock"):
        start_front(tmp_path).kill()
        assert (run / "compressed.sock").exists()
        environment = {**os.environ, "KOLIBRI_CONTAINER_RUN": str(run)}
        subprocess.run(["sh", "-euc", removal], env=environment, check=True)
        with start_front(tmp_path) as front:
            assert ask(front.url, address()).status == 200
