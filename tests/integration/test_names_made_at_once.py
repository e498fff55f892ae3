"""A name made twice at once, on two instances, is one account; a sync may bring two."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from kolibri_azure_plugin.database.advisory_lock import AdvisoryLock

pytestmark = pytest.mark.slow

#: Tries of each way against itself.
ROUNDS = int(os.environ.get("KOLIBRI_AZURE_NAME_ROUNDS", "15"))

USERS = "/api/auth/facilityuser/"
SIGN_UP = "/api/auth/signup/"
TAKEN = "USERNAME_ALREADY_EXISTS"

WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND NOT granted AND objsubid = 1
      AND (classid::bigint << 32) + objid::bigint = %s
"""

COUNT = "SELECT count(*) FROM kolibriauth_facilityuser WHERE lower(username) = lower(%s)"

MAKE_SUPERUSER = """
from django.core.exceptions import ValidationError
from kolibri.core.auth.models import Facility, FacilityUser
try:
    FacilityUser.objects.create_superuser({name!r}, "secret", facility=Facility.objects.get())
    print("MADE")
except ValidationError as error:
    print("REFUSED", error.messages)
"""

TWO_BY_A_SYNC = """
from kolibri.core.auth.models import Facility, FacilityUser
for number in range(2):
    user = FacilityUser(username="brought", full_name=str(number), facility=Facility.objects.get())
    user.save(update_dirty_bit_to=False)
"""

COLUMNS = (
    "UUID,USERNAME,PASSWORD,FULL_NAME,USER_TYPE,IDENTIFIER,BIRTH_YEAR,GENDER,"
    "ENROLLED_IN,ASSIGNED_TO\n"
)


@pytest.fixture(scope="module")
def count(postgres, instances):
    """The number of accounts with a name."""

    def of(name):
        return postgres.execute(COUNT, (name,), database=instances[0].database)[0][0]

    return of


@pytest.fixture(scope="module")
def administrators(servers):
    """One at each instance."""
    clients = [KolibriClient(server.url) for server in servers]
    for client in clients:
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    dataset = clients[0].get("/api/auth/facilitydataset/")[0]["id"]
    clients[0].request(
        "PATCH", f"/api/auth/facilitydataset/{dataset}/", json={"learner_can_sign_up": True}
    )
    return clients


def make(client, name):
    return client.request("POST", USERS, json=account(client, name))


def sign_up(client, name):
    visitor = KolibriClient(client.url)
    # The answer sets the cookie that the form needs.
    visitor.request("GET", "/api/auth/session/current/")
    return visitor.request("POST", SIGN_UP, json=account(client, name))


def rename(client, name):
    other = make(client, f"{name}_{client.url[-5:]}").json()["id"]
    return client.request("PATCH", f"{USERS}{other}/", json={"username": name})


def account(client, name):
    return {
        "username": name,
        "full_name": name,
        "password": "secret",
        "facility": client.facility()["id"],
    }


def at_once(*calls):
    """The answers to calls that start together."""
    barrier = threading.Barrier(len(calls))

    def begin(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


@contextlib.contextmanager
def hold_name(name, instance, facility):
    """Hold a name's lock during the block; other users of the name wait."""
    key = AdvisoryLock(f"account {facility} {name.upper().casefold()}").key
    with contextlib.closing(psycopg2.connect(instance.database_url)) as session:
        cursor = session.cursor()
        cursor.execute("SELECT pg_advisory_lock(%s)", (key,))

        def waiting():
            cursor.execute(WAITING, (key,))
            return cursor.fetchone()[0]

        yield waiting


@pytest.mark.parametrize("way", [make, sign_up, rename])
def test_of_two_requests_at_once_one_is_refused(way, administrators, count, counts):
    found, refusals = [], []
    for number in range(ROUNDS):
        name = f"{way.__name__}{number}"
        both = [
            lambda client=client, name=spelt: way(client, name)
            for client, spelt in zip(administrators, (name, name.upper()))
        ]
        answers = at_once(*both)
        refused = [answer for answer in answers if not answer.ok]
        found.append((count(name), len(refused)))
        refusals += refused

    doubles = sum(accounts > 1 for accounts, _ in found)
    counts(f"{way.__name__}: {ROUNDS} rounds at once, {doubles} names twice")
    assert found == [(1, 1)] * ROUNDS
    for answer in refusals:
        assert answer.status_code == 400, answer.text
        assert [each["id"] for each in answer.json()] == [TAKEN]


@pytest.mark.parametrize("command", ["setup", "list"])
def test_a_command_and_a_request_at_once_make_one_account(
    command, instances, administrators, count, tmp_path
):
    """Both have checked that the name is free before one of them gets it."""
    name = f"by_{command}"
    if command == "setup":
        words = ("manage", "shell", "-c", MAKE_SUPERUSER.format(name=name))
    else:
        words = ("manage", "bulkimportusers", list_of(tmp_path, "before", name, "after"))
    facility = administrators[0].facility()["id"]

    with ThreadPoolExecutor(2) as pool:
        with hold_name(name, instances[0], facility) as waiting:
            ran = pool.submit(instances[0].run, *words)
            answered = pool.submit(make, administrators[1], name)
            wait_until(lambda: waiting() == 2, "both to wait for the name", 90)
        ran, answer = ran.result(), answered.result()

    assert count(name) == 1
    output = ran.stdout + ran.stderr
    assert ran.returncode == 0, output
    refused = "REFUSED" in output or "Username is duplicated" in output
    assert refused is (answer.status_code == 201), output
    if not refused:
        assert answer.json()[0]["id"] == TAKEN
    if command == "list":
        # The other users of the list exist, in their class.
        assert {count("before"), count("after")} == {1}
        classrooms = administrators[0].get("/api/auth/classroom/")
        assert [each["learner_count"] for each in classrooms] == [3 - refused]


def test_a_sync_may_bring_two_of_one_name(instances, count):
    instances[0].require("manage", "shell", "-c", TWO_BY_A_SYNC)

    assert count("brought") == 2


def list_of(folder, *names):
    """A list of users, all in one class."""
    path = folder / "users.csv"
    rows = (f",{name},secret,{name},LEARNER,,,,Class,\n" for name in names)
    path.write_text(COLUMNS + "".join(rows))
    return str(path)
