"""Browsers' sessions are kept as by Django's own store, with fewer round trips to the database."""

from __future__ import annotations

import pytest

from .inside_kolibri import answers_of

pytestmark = pytest.mark.slow

SCRIPT = """
import json
from unittest import mock
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kolibri.core.auth import backends
from kolibri.core.auth.models import Facility, FacilityUser, Session
from kolibri_azure_plugin.database import browser_sessions

user = FacilityUser.objects.get(username="learner")

def outcome(function):
    try:
        return function()
    except Exception as error:
        return type(error).__name__

def kept(make):
    session = make()
    session.update({"_auth_user_id": user.id, "seen": 1})
    created = outcome(session.save)
    session["seen"] = 2
    with mock.patch.object(
        connection, "set_autocommit", wraps=connection.set_autocommit
    ) as transactions:
        saved = outcome(session.save)
    row = Session.objects.get(pk=session.session_key)
    read = dict(make(session.session_key).items())
    session.set_expiry(100)
    saved_again = outcome(session.save)
    ends_sooner = Session.objects.get(pk=session.session_key).expire_date < row.expire_date
    make(session.session_key).delete()
    gone = outcome(session.save)
    left = Session.objects.filter(pk=session.session_key).count()
    found = [created, saved, saved_again, row.user_id, read, ends_sooner, gone, left]
    return {"found": found, "transactions": transactions.call_count}

def statements(active):
    body = {"active": active, "os": {}, "browser": {}}
    client.put("/api/auth/session/current/", body, "application/json")
    with CaptureQueriesContext(connection) as queries:
        answer = client.put("/api/auth/session/current/", body, "application/json")
    assert answer.status_code == 200, answer.content
    return [each["sql"].split()[0] for each in queries]

def kinds():
    return client.put("/api/auth/session/current/", {}, "application/json").json()["kind"]

answers = {
    "stock": kept(backends.SessionStore),
    "own": kept(browser_sessions.SessionStore),
}
client = Client(HTTP_HOST="localhost")
client.force_login(user)
answers["statements"] = [statements(False), statements(True)]
answers["kinds"] = [kinds()]
role = Facility.get_default_facility().add_role(user, "coach")
answers["kinds"].append(kinds())
role.delete()
answers["kinds"].append(kinds())
print("ANSWERS", json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(copied):
    return answers_of(copied, f"exec({SCRIPT!r}, {{}})")


def test_a_session_is_created_kept_and_ended_as_by_django(answers):
    assert answers["own"]["found"] == answers["stock"]["found"]
    *_, ends_sooner, gone, left = answers["own"]["found"]
    assert (ends_sooner, gone, left) == (True, "UpdateError", 0)


def test_a_session_is_updated_without_a_transaction(answers):
    assert answers["stock"]["transactions"] > 0
    assert answers["own"]["transactions"] == 0


def test_to_keep_a_learners_session_its_row_is_read_and_updated(answers):
    idle, active = answers["statements"]

    assert idle == ["SELECT", "UPDATE"]
    assert active == ["SELECT", "SELECT", "UPDATE", "UPDATE"]


def test_a_session_shows_a_new_role_and_no_role_that_was_taken_away(answers):
    assert answers["kinds"] == [["learner"], ["coach"], ["learner"]]
