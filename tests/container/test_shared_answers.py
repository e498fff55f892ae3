"""Kolibri behind nginx: answers kept for all contain no user's data, and are not stale."""

from __future__ import annotations

import contextlib
import time
import uuid

import pytest
import requests

from devtools import container_processes
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import CSRF_COOKIE, KolibriClient
from tests.integration.serving import AGREED

from .kept_answers import ASKED, cookies, make_learners, over_socket

pytestmark = pytest.mark.slow

PAGE, CHANNELS, INFO = "/en/learn/", "/api/content/channel/", "/api/public/info/"
STATE = "/learn/api/state"

#: Seconds for which Kolibri itself keeps a page (0.19.5, core/decorators.py).
PAGE_KEPT = 15

#: gunicorn's processes in the container.
PROCESSES = 2


@pytest.fixture(scope="module")
def web(copied):
    """A container in mode web."""
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    with copied() as (deployment, _), contextlib.ExitStack() as stack:
        web = container_processes.begin(
            deployment,
            KOLIBRI_CONTAINER_PROCESSES=str(PROCESSES),
            # A line for each request that nginx passes on.
            GUNICORN_CMD_ARGS="--access-logfile=-",
        )
        stack.callback(web.kill)
        web.deployment = deployment
        web.wait_until_ready()
        yield web


@pytest.fixture(scope="module")
def administrator(web):
    client = KolibriClient(web.url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    return client


@pytest.fixture(scope="module")
def learners(web, administrator):
    return make_learners(web.url, administrator)


@pytest.fixture
def app(web):
    """Send requests to Kolibri as nginx does, but directly."""
    socket = str(web.run / "app.sock")

    def ask(path, method="GET", headers=None):
        headers = {"Host": "localhost", **(ASKED if headers is None else headers)}
        return over_socket(socket, path, method, headers)

    return ask


@pytest.mark.parametrize("path", [PAGE, CHANNELS, INFO])
def test_a_kept_answer_does_not_depend_on_the_first_visitor(path, web, learners):
    anonymous = requests.Session()
    answers = [client.request("GET", path) for client in learners]
    answers.append(anonymous.get(web.url + path, timeout=30))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    for answer in answers:
        assert "Set-Cookie" not in answer.headers
        assert "X-Request-ID" not in answer.headers
        for client in learners:
            for mark in (client.account["id"], client.account["full_name"], "anna", "ben of"):
                assert mark not in answer.text


FACILITIES, DATASETS = "/api/auth/facility/", "/api/auth/facilitydataset/"


@pytest.mark.parametrize("path", [FACILITIES, DATASETS])
def test_an_answer_for_visitors_is_not_given_to_those_who_have_signed_in(
    path, web, administrator, learners
):
    visitors = [requests.get(web.url + path, timeout=30) for _ in range(3)]
    signed_in = [client.request("GET", path) for client in (administrator, *learners)]

    assert {answer.status_code for answer in (*visitors, *signed_in)} == {200}
    assert len({answer.content for answer in visitors}) == 1
    # Only Kolibri's own answers have the id of their request.
    assert all("X-Request-ID" not in answer.headers for answer in visitors)
    assert all("X-Request-ID" in answer.headers for answer in signed_in)


def test_a_visitor_sees_a_change_of_the_facility_soon(web, administrator):
    dataset = administrator.get(DATASETS)[0]
    wanted = not dataset["show_download_button_in_learn"]

    def seen():
        [found] = requests.get(web.url + DATASETS, timeout=30).json()
        return found["show_download_button_in_learn"]

    assert seen() is not wanted
    administrator.request(
        "PATCH", f"{DATASETS}{dataset['id']}/", json={"show_download_button_in_learn": wanted}
    )
    wait_until(lambda: seen() is wanted, "the changed setting", AGREED)


def test_nginx_knows_the_session_cookie_of_kolibri(web):
    script = "from django.conf import settings; print('COOKIE', settings.SESSION_COOKIE_NAME)"
    output = web.deployment.require("manage", "--skip-update", "shell", "-c", script)

    assert "COOKIE kolibri\n" in output


def test_a_class_that_opens_a_page_has_it_made_once_by_each_process(web, learners):
    path = f"{PAGE}?class={uuid.uuid4().hex}"

    for _ in range(10):
        for client in learners:
            assert client.request("GET", path).status_code == 200

    asked = [line for line in web.output.splitlines() if path in line]
    assert 1 <= len(asked) <= PROCESSES


def test_answers_for_one_user_are_never_kept(web, learners):
    anna, ben = learners

    for _ in range(3):
        assert anna.get(STATE)["in_classes"] is True
        assert ben.get(STATE)["in_classes"] is False
        assert requests.get(web.url + STATE, timeout=30).json()["in_classes"] is False
        for client in learners:
            own = client.get(f"/api/auth/facilityuser/{client.account['id']}/")
            assert own["username"] == client.account["username"]
    other = anna.request("GET", f"/api/auth/facilityuser/{ben.account['id']}/")
    assert other.status_code == 404


def test_each_language_has_its_own_pages(web):
    texts = {}
    for language in ("en", "fr-fr", "ar", "en"):
        answer = requests.get(f"{web.url}/{language}/learn/", timeout=60)
        texts[language] = answer.text
        assert answer.headers["Content-Language"] == language
        assert f'lang="{language}"' in answer.text

    assert len(set(texts.values())) == 3
    assert 'dir="rtl"' in texts["ar"]


def test_signing_out_takes_effect_at_once(web, learners, administrator):
    account = administrator.create_learner("carla", "carla-password", "Carla")
    client = KolibriClient(web.url)
    client.sign_in("carla", "carla-password")
    own = f"/api/auth/facilityuser/{account['id']}/"
    kept = cookies(client)
    assert requests.get(web.url + own, headers=kept, timeout=30).status_code == 200

    client.request("DELETE", "/api/auth/session/current/")

    for _ in range(20):  # very likely both processes
        assert requests.get(web.url + own, headers=kept, timeout=30).status_code == 404
    assert client.request("GET", PAGE).status_code == 200


def test_a_browser_that_got_kept_answers_only_can_sign_in_and_change_things(web, learners):
    client = KolibriClient(web.url)
    for path in (PAGE, CHANNELS, INFO) * 2:
        client.request("GET", path)
    assert not client.session.cookies

    client.sign_in("anna", "anna-password")

    assert {"kolibri", CSRF_COOKIE} <= set(client.session.cookies.keys())
    own = f"/api/auth/facilityuser/{learners[0].account['id']}/"
    assert client.request("PATCH", own, json={"full_name": "Anna Lopez"}).status_code == 200
    assert client.get(own)["full_name"] == "Anna Lopez"


@pytest.mark.parametrize(
    ("path", "mark"), [(CHANNELS, "1"), (INFO, "1"), (f"{CHANNELS}?available=true", "1")]
)
def test_frequent_requests_of_learners_are_kept_for_a_second(path, mark, app, learners):
    for headers in (ASKED, {**ASKED, **cookies(learners[0])}):
        answer = app(path, headers=headers)
        assert answer["x-accel-expires"] == mark
        assert "set-cookie" not in answer
        assert "cookie" not in answer["vary"].lower()


def test_a_page_is_kept_for_as_long_as_kolibri_itself_keeps_it(app):
    # A new address, so that no process has a copy that could expire during the test.
    path = f"/en/coach/?kept={uuid.uuid4().hex}"

    def until():
        return int(app(path)["x-accel-expires"].lstrip("@"))

    first, now = until(), time.time()

    assert now < first <= now + PAGE_KEPT + 1
    # Each process has its own copy, whose time does not restart with each use.
    assert len({until() for _ in range(20)} | {first}) <= PROCESSES


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 302),
        ("GET", "/en/", 302),
        ("GET", "/en/auth/", 200),
        ("GET", "/xx/learn/", 404),
        ("GET", STATE, 200),
        ("GET", "/api/auth/facilityusername/", 200),
        ("GET", "/api/content/contentnode/", 200),
        ("GET", f"{CHANNELS}{'0' * 32}/", 404),
        ("POST", INFO, 405),
        ("HEAD", PAGE, 200),
        ("GET", "/status/", 200),
    ],
)
def test_nothing_else_is_marked(method, path, status, app):
    answer = app(path, method)

    assert answer["status"] == status
    assert "x-accel-expires" not in answer
    assert "x-request-id" in answer


def test_nothing_is_marked_for_others_than_nginx(app):
    for path in (PAGE, CHANNELS, INFO):
        answer = app(path, headers={})
        assert "x-accel-expires" not in answer


def test_a_mark_asked_for_by_a_visitor_has_nothing_kept(web, learners):
    for client in learners:
        headers = {**ASKED, "X-Accel-Expires": "60"}
        answer = client.request("GET", STATE, headers=headers)
        assert answer.json()["in_classes"] is (client is learners[0])
        assert "X-Accel-Expires" not in answer.headers


def test_a_session_is_not_ended_by_an_answer_for_all(learners):
    anna = learners[0]
    for path in (INFO, CHANNELS, PAGE, INFO):
        anna.request("GET", path)

    assert anna.get(STATE)["in_classes"] is True


def test_a_new_name_of_the_device_is_seen_in_time(web, administrator):
    requests.get(web.url + INFO, timeout=30)

    administrator.request("PATCH", "/api/device/devicename/", json={"name": "Renamed"})

    wait_until(
        lambda: requests.get(web.url + INFO, timeout=30).json()["device_name"] == "Renamed",
        "the new name",
        AGREED,
    )


def test_an_imported_channel_is_seen_in_time(web, tmp_path_factory):
    before = requests.get(web.url + CHANNELS, timeout=30)
    assert before.json() == []
    drive = make_channel(tmp_path_factory.mktemp("drive"))

    for command in ("importchannel", "importcontent"):
        web.deployment.require("manage", command, "disk", CHANNEL_ID, str(drive))

    def listed():
        headers = {"If-None-Match": before.headers["ETag"]}
        answer = requests.get(web.url + CHANNELS, headers=headers, timeout=30)
        return answer.status_code == 200 and [each["name"] for each in answer.json()]

    assert wait_until(listed, "the channel", AGREED) == [CHANNEL_NAME]
