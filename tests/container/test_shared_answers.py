"""Kolibri behind nginx: what is kept for all holds nothing of anybody, and is not old."""

from __future__ import annotations

import contextlib
import time

import pytest
import requests

from devtools import container_processes
from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import CSRF_COOKIE, KolibriClient

pytestmark = pytest.mark.slow

PAGE, CHANNELS, INFO = "/en/learn/", "/api/content/channel/", "/api/public/info/"
STATE = "/learn/api/state"

#: Seconds within which all instances are to agree (docs/caches.md).
AGREED = 5

#: Seconds for which Kolibri itself keeps a page (0.19.5, core/decorators.py).
PAGE_KEPT = 15

#: nginx asks for a mark with this.
ASKED = {"X-Shared-Answer": "yes"}


@pytest.fixture(scope="module")
def web(copied):
    """A container in mode web."""
    missing = container_processes.missing_programs()
    if missing:
        pytest.skip(f"the container's processes need {missing}: apt-get install nginx s6 execline")
    with copied() as (deployment, _), contextlib.ExitStack() as stack:
        web = container_processes.begin(deployment, KOLIBRI_CONTAINER_PROCESSES="2")
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
    """Two who are signed in, one of them in a class."""
    accounts = [
        administrator.create_learner(name, f"{name}-password", f"{name} of the mountains")
        for name in ("anna", "ben")
    ]
    facility = administrator.facility()["id"]
    school = administrator.post("/api/auth/classroom/", {"name": "5b", "parent": facility})
    administrator.post(
        "/api/auth/membership/", {"user": accounts[0]["id"], "collection": school["id"]}
    )
    clients = []
    for account in accounts:
        client = KolibriClient(web.url)
        client.sign_in(account["username"], f"{account['username']}-password")
        client.account = account
        clients.append(client)
    return clients


@pytest.fixture
def app(web):
    """Asks Kolibri as nginx does, past nginx."""
    socket = str(web.run / "app.sock")

    def ask(path, method="GET", headers=None):
        headers = {"Host": "localhost", **(ASKED if headers is None else headers)}
        return over_socket(socket, path, method, headers)

    return ask


def over_socket(path, address, method, headers):
    """The headers of the answer, in small letters, under `status` its status."""
    import http.client
    import socket

    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    with contextlib.closing(connection):
        connection.request(method, address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return {"status": answer.status, **{k.lower(): v for k, v in answer.getheaders()}}


def cookies(client):
    return {"Cookie": "; ".join(f"{each.name}={each.value}" for each in client.session.cookies)}


@pytest.mark.parametrize("path", [PAGE, CHANNELS, INFO])
def test_a_kept_answer_is_the_same_whoever_asked_first(path, web, learners):
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


def test_a_class_that_opens_a_page_has_it_made_once(web, learners):
    path = f"{PAGE}?once"

    for _ in range(10):
        for client in learners:
            assert client.request("GET", path).status_code == 200

    asked = [line for line in web.output.splitlines() if "GET /en/learn/" in line]
    assert len(asked) < 10


def test_what_belongs_to_a_user_is_never_kept(web, learners):
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


def test_each_language_has_pages_of_its_own(web):
    texts = {}
    for language in ("en", "fr-fr", "ar", "en"):
        answer = requests.get(f"{web.url}/{language}/learn/", timeout=60)
        texts[language] = answer.text
        assert answer.headers["Content-Language"] == language
        assert f'lang="{language}"' in answer.text

    assert len(set(texts.values())) == 3
    assert 'dir="rtl"' in texts["ar"]


def test_whoever_signs_out_is_out_at_once(web, learners, administrator):
    account = administrator.create_learner("carla", "carla-password", "Carla")
    client = KolibriClient(web.url)
    client.sign_in("carla", "carla-password")
    own = f"/api/auth/facilityuser/{account['id']}/"
    kept = cookies(client)
    assert requests.get(web.url + own, headers=kept, timeout=30).status_code == 200

    client.request("DELETE", "/api/auth/session/current/")

    for _ in range(20):  # both processes, for all that is likely
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
def test_what_learners_ask_again_and_again_is_kept_for_a_second(path, mark, app, learners):
    for headers in (ASKED, {**ASKED, **cookies(learners[0])}):
        answer = app(path, headers=headers)
        assert answer["x-accel-expires"] == mark
        assert "set-cookie" not in answer
        assert "cookie" not in answer["vary"].lower()


def test_a_page_is_kept_for_as_long_as_kolibri_itself_keeps_it(app):
    def until():
        return int(app("/en/coach/")["x-accel-expires"].lstrip("@"))

    first, now = until(), time.time()

    assert now < first <= now + PAGE_KEPT + 1
    # Kolibri's own copy of a page, which was made some time before, begins no new time.
    processes = 2
    assert len({until() for _ in range(20)} | {first}) <= processes


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 302),
        ("GET", "/en/", 302),
        ("GET", "/en/auth/", 200),
        ("GET", "/xx/learn/", 404),
        ("GET", STATE, 200),
        ("GET", "/api/auth/facility/", 200),
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
