"""Changes of sessions and roles take effect nearly as fast as with stock Kolibri.

A permission taken away ends at once, on all instances. A new one takes at most the time in which
instances must agree.
"""

from __future__ import annotations

import json

import pytest

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from tests.integration.serving import AGREED

pytestmark = pytest.mark.slow

STATE = "/learn/api/state"
DEVICE = "/api/device/devicesettings/"

#: Database statements that each further request of a user may make: for the session, and for the
#: answer itself.
STATEMENTS = {STATE: 2, "/api/auth/facilityuser/{id}/": 5, "/api/content/channel/": 0}

COUNT = """
import json
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kolibri.core.auth.models import FacilityUser
user = FacilityUser.objects.get(username="learner")
client = Client(HTTP_HOST="localhost")
client.force_login(user)
counts = {{}}
for path in {paths!r}:
    address = path.format(id=user.id)
    client.get(address)
    # On a busy machine, what one request has read may be too old for the next.
    found = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, address
        found.append([each["sql"] for each in queries])
    counts[path] = min(found, key=len)
print("COUNTS", json.dumps(counts))
"""


@pytest.fixture
def administrator(servers):
    client = KolibriClient(servers[0].url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    return client


class Account:
    """A user who is signed in at both instances, with one session."""

    def __init__(self, administrator, servers, name):
        self.facility = administrator.facility()["id"]
        self.id = administrator.create_learner(name, f"{name}-password", name)["id"]
        self.own = f"/api/auth/facilityuser/{self.id}/"
        first, second = (KolibriClient(server.url) for server in servers)
        first.sign_in(name, f"{name}-password")
        second.session.cookies.update(first.session.cookies)
        self.clients = (first, second)
        self.visit()

    def visit(self):
        """Let both instances cache the user."""
        for client in self.clients:
            client.request("GET", STATE)

    def statuses(self, path):
        return [client.request("GET", path).status_code for client in self.clients]


@pytest.fixture
def account(request, administrator, servers):
    name = "".join(letter for letter in request.node.name if letter.isalnum())[-30:].lower()
    return Account(administrator, servers, name)


def users_seen(client):
    return {each["username"] for each in client.get("/api/auth/facilityuser/")}


def test_a_session_that_was_ended_is_over_on_all_instances_at_once(account):
    assert account.statuses(account.own) == [200, 200]
    first, _ = account.clients
    kept = first.session.cookies.copy()

    assert first.request("DELETE", "/api/auth/session/current/").status_code == 200

    first.session.cookies = kept
    assert account.statuses(account.own) == [404, 404]


def test_a_session_that_has_run_out_is_over(account, instances):
    expire = (
        "from kolibri.core.auth.models import Session; from django.utils import timezone; "
        f"Session.objects.filter(user_id={account.id!r}).update(expire_date=timezone.now())"
    )
    assert account.statuses(account.own) == [200, 200]

    instances[0].require("manage", "shell", "-c", expire)

    assert account.statuses(account.own) == [404, 404]


@pytest.mark.parametrize("key", ["0" * 32, "x", "' OR 1=1 --", "é" * 32])
def test_a_forged_session_is_rejected(key, servers, account):
    client = KolibriClient(servers[0].url)
    client.session.headers["Cookie"] = f"kolibri={key}".encode()

    assert client.request("GET", account.own).status_code == 404


def test_a_session_that_was_tampered_with_is_none(account, instances):
    spoil = (
        "from kolibri.core.auth.models import Session; "
        f"Session.objects.filter(user_id={account.id!r}).update(session_data='eyJhIjoxfQ:1:2')"
    )
    instances[0].require("manage", "shell", "-c", spoil)

    assert account.statuses(account.own) == [404, 404]


def test_a_new_password_ends_the_sessions_of_the_old_one(account, administrator):
    answer = administrator.request("PATCH", account.own, json={"password": "another-password"})
    assert answer.status_code == 200, answer.text

    wait_until(lambda: account.statuses(account.own) == [404, 404], "the sessions to end", AGREED)


def test_a_right_on_the_device_ends_at_once_and_begins_in_time(account, administrator):
    assert account.statuses(DEVICE) == [403, 403]
    answer = administrator.request(
        "POST",
        "/api/device/devicepermissions/",
        json={"user": account.id, "is_superuser": True, "can_manage_content": True},
    )
    assert answer.status_code == 201, answer.text
    # On the instance of the change, it takes effect at once.
    assert account.statuses(DEVICE)[0] == 200
    wait_until(lambda: account.statuses(DEVICE) == [200, 200], "the right", AGREED)

    administrator.request("DELETE", f"/api/device/devicepermissions/{account.id}/")

    assert account.statuses(DEVICE) == [403, 403]


@pytest.mark.parametrize("kind", ["admin", "coach"])
def test_a_role_ends_at_once_and_begins_in_time(kind, account, administrator):
    own = {client.get(account.own)["username"] for client in account.clients}
    assert [users_seen(client) for client in account.clients] == [own, own]
    role = administrator.post(
        "/api/auth/role/", {"user": account.id, "collection": account.facility, "kind": kind}
    )
    assert len(users_seen(account.clients[0])) > 1
    wait_until(
        lambda: all(len(users_seen(client)) > 1 for client in account.clients), "the role", AGREED
    )

    administrator.request("DELETE", f"/api/auth/role/{role['id']}/")

    assert [users_seen(client) for client in account.clients] == [own, own]


def test_a_setting_of_the_facility_is_seen_in_time(account, administrator):
    dataset = administrator.get("/api/auth/facilitydataset/")[0]
    wanted = not dataset["show_download_button_in_learn"]
    path = f"/api/auth/facilitydataset/{dataset['id']}/"

    answer = administrator.request("PATCH", path, json={"show_download_button_in_learn": wanted})
    assert answer.status_code == 200, answer.text

    assert account.clients[0].get(STATE)["can_download_externally"] is wanted
    wait_until(
        lambda: account.clients[1].get(STATE)["can_download_externally"] is wanted,
        "the setting on the other instance",
        AGREED,
    )


def test_a_request_asks_the_database_no_more_than_it_needs(instances):
    script = COUNT.format(paths=list(STATEMENTS))

    output = instances[0].require("manage", "shell", "-c", script)

    counts = json.loads(output.partition("COUNTS ")[2].splitlines()[0])
    assert {path: len(found) for path, found in counts.items()} == STATEMENTS, counts
