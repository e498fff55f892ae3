"""Requests with a password wait in nginx for their turn; nothing else does."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from .fronts import ask, require_nginx, start_front, start_gunicorn

pytestmark = pytest.mark.slow

SIGN_IN = "/api/auth/session/"
FACILITY_USER = "/api/public/facilityuser/"
CERTIFICATES = "/api/morango/v1/certificates/"
JSON = {"Content-Type": "application/json"}
BASIC = {"Authorization": "Basic YW5uYTpndWVzcw=="}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PASSWORD = json.dumps({"username": "anna", "password": "pässword"})
NO_PASSWORD = json.dumps({"username": "anna", "password": ""})

#: Passwords per second.
RATE = 4


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    require_nginx()
    folder = tmp_path_factory.mktemp("passwords")
    with (
        start_gunicorn(folder, "signing_in:application", "app.sock"),
        start_front(folder, password_checks=RATE) as front,
    ):
        yield front


@pytest.fixture
def post(front):
    def post(body, path=SIGN_IN, headers=JSON):
        return send(front, path, headers, "POST", body)

    return post


@pytest.fixture
def visit(front):
    def visit(path, headers):
        return send(front, path, headers, "GET", "")

    return visit


def send(front, path, headers, method, body):
    answer = ask(front.url, path, headers, method=method, body=body.encode())
    assert answer.status == 200
    return json.loads(answer.body)


def arrive_one_after_the_other(requests):
    """Send them all at once: the last reaches the application after its turn has come."""
    begun = time.monotonic()
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = [pool.submit(*request) for request in requests]
    last = max(answer.result()["at"] for answer in answers)
    # nginx reads its clock less often.
    return last - begun > (len(requests) - 1) / RATE - 0.1


def test_a_sign_in_comes_out_of_the_queue_as_it_went_in(post):
    seen = post(PASSWORD)
    assert seen["method"] == "POST"
    assert seen["path"] == SIGN_IN
    assert seen["body"] == PASSWORD
    assert not seen["marked"]


def test_passwords_are_checked_one_after_the_other(post):
    assert arrive_one_after_the_other([(post, PASSWORD)] * 8)


@pytest.mark.parametrize("path", ["/api/auth/signup/", "/api/public/signup/"])
def test_whoever_signs_up_waits_too(path, post):
    assert post(NO_PASSWORD, path)["marked"]
    assert not post(PASSWORD, path)["marked"]


@pytest.mark.parametrize("path", [FACILITY_USER, CERTIFICATES, "/en/none/"])
def test_passwords_in_a_header_wait(path, visit):
    assert arrive_one_after_the_other([(visit, path, BASIC)] * 3)


@pytest.mark.parametrize("scheme", ["basic", "\tBASIC", "Basic\t"])
def test_the_header_is_recognised_however_it_is_written(scheme, visit):
    headers = {"Authorization": f"{scheme} YW5uYTpndWVzcw=="}
    assert arrive_one_after_the_other([(visit, FACILITY_USER, headers)] * 3)


def test_a_password_in_a_header_waits_with_a_large_body_too(post):
    request = (post, "x" * 1_000_000, CERTIFICATES, {**JSON, **BASIC})
    assert arrive_one_after_the_other([request] * 3)


def test_all_passwords_wait_in_one_queue(post, visit):
    # A sign-in with both waits only once.
    requests = [
        (post, PASSWORD),
        (visit, FACILITY_USER, BASIC),
        (post, PASSWORD, SIGN_IN, {**JSON, **BASIC}),
        (post, PASSWORD, "/api/auth/signup/"),
    ]
    assert arrive_one_after_the_other(requests * 2)


@pytest.mark.parametrize("body", [NO_PASSWORD, "{}"])
def test_a_sign_in_without_a_password_does_not_wait(body, post):
    assert post(body)["marked"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [(FORM, "username=anna&password=guess"), (FORM, NO_PASSWORD), (JSON, "not JSON"), ({}, "")],
)
def test_what_may_be_a_password_waits_in_whatever_form_it_comes(headers, body, post):
    seen = post(body, headers=headers)
    assert not seen["marked"]
    assert seen["body"] == body


def test_a_waiting_password_keeps_nobody_else_waiting(post, visit):
    with ThreadPoolExecutor(4 * RATE) as pool:
        waiting = [pool.submit(post, PASSWORD) for _ in range(4 * RATE)]
        for _ in range(5):
            post(NO_PASSWORD)
            visit("/en/learn/", {"Authorization": "Bearer none"})
        assert not all(each.done() for each in waiting)


def test_no_client_can_send_itself_to_the_queue(post):
    headers = {**JSON, "X-Password-Queue": "yes"}
    assert not post(PASSWORD, "/api/auth/session/current/", headers)["marked"]
    assert not post(PASSWORD, "/en/learn/", headers)["marked"]


def test_a_password_given_in_two_headers_is_refused(front):
    with socket.create_connection(("127.0.0.1", urlsplit(front.url).port), timeout=30) as line:
        line.sendall(
            b"GET /api/public/facilityuser/ HTTP/1.0\r\nHost: localhost\r\n"
            b"Authorization: Bearer none\r\nAuthorization: Basic YW5uYTpndWVzcw==\r\n\r\n"
        )
        assert b" 400 " in line.recv(100)


def test_those_who_wait_are_not_logged(post, front):
    assert arrive_one_after_the_other([(post, PASSWORD)] * 4)
    assert front.output == ""
