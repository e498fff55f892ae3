"""A lesson leaves no name and no answer in the container's log."""

from __future__ import annotations

import uuid

import pytest

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient
from tests.integration.classwork import PASSWORD, Learner, do_everything, seed_data
from tests.user_lists import COLUMNS, JOB_SECONDS, TASKS, USERS

pytestmark = pytest.mark.slow

LEARNER, TYPO, NEWCOMER = "zenobiaq", "zenobiaqq", "quentinz"
FULL_NAME = "Quentin Zimmerwald"
ANSWER = "the quokka ate it"

#: Everything that no line may contain, in lower case.
WORDS = (LEARNER, NEWCOMER, FULL_NAME, "zimmerwald", ANSWER, "quokka", PASSWORD, "another-secret")

LIST = (
    f"{COLUMNS}\n,{NEWCOMER},another-secret,{FULL_NAME},LEARNER,,,,Class 3,\n,{LEARNER} x,,,,,,,,\n"
)


def test_a_lesson_leaves_no_name_and_no_answer_in_the_log(web, provisioned):
    of = seed_data(lambda script: provisioned.require("manage", "shell", "-c", script), LEARNER)
    facility = KolibriClient(web.url).facility()["id"]

    fail_to_sign_in(web, facility)
    learn(web, facility, of)
    look_after_the_class(web, of)
    import_a_list(web, facility)

    said = web.output.lower()
    # There are lines of requests, of refusals, and of a job that failed.
    for line in ("/api/auth/facilityusername/", "unauthorized: ", "raised an exception"):
        assert line in said
    found = {word for word in WORDS if word.lower() in said}
    assert not found, [line for line in said.splitlines() if any(w in line for w in found)]


def fail_to_sign_in(web, facility):
    visitor = KolibriClient(web.url)
    visitor.request("GET", "/en/auth/")
    for name in (LEARNER, TYPO):
        wrong = {"username": name, "password": "wrong", "facility": facility}
        assert visitor.request("POST", "/api/auth/session/", json=wrong).status_code in (400, 401)


def learn(web, facility, of):
    client = KolibriClient(web.url)
    client.get("/api/auth/facilityusername/", facility=facility, search=LEARNER)
    client.sign_in(LEARNER, PASSWORD)
    learner = Learner(client, of)
    do_everything(learner, of, until_told=lambda _answers: None)
    session = learner.open("exercise", lesson_id=of.lessons["first"], repeat=True)
    interaction = {
        "item": uuid.uuid4().hex,
        "correct": 0,
        "complete": False,
        "time_spent": 1.0,
        "answer": {"text": ANSWER},
    }
    track = f"/api/logger/trackprogress/{session}/"
    assert client.request("PUT", track, json={"interactions": [interaction]}).ok
    # Values that PostgreSQL refuses: its words quote them.
    refused = {**interaction, "item": LEARNER * 100}
    client.request("PUT", track, json={"interactions": [refused]})
    client.request("GET", USERS, params={"search": LEARNER, "ordering": "no such column"})
    client.request("DELETE", "/api/auth/session/current/")


def look_after_the_class(web, of):
    coach = KolibriClient(web.url)
    coach.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    coach.get(f"/coach/api/classsummary/{of.classroom}/")
    coach.get(f"/coach/api/notifications/?classroom_id={of.classroom}")
    [learner] = coach.get(USERS, search=LEARNER)
    renamed = coach.request("PATCH", f"{USERS}{learner['id']}/", json={"full_name": FULL_NAME})
    assert renamed.ok
    taken = {"username": LEARNER, "password": "another-secret", "full_name": FULL_NAME,
             "facility": learner["facility"]}  # fmt: skip
    assert coach.request("POST", USERS, json=taken).status_code == 400


def import_a_list(web, facility):
    admin = KolibriClient(web.url)
    admin.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    jobs = [
        admin.request(
            "POST",
            TASKS,
            data={
                "type": "kolibri.core.auth.tasks.importusersfromcsv",
                "facility": facility,
                "dryrun": "false",
                "locale": "en",
            },
            files={"csvfile": ("users.csv", content, "text/csv")},
        ).json()["id"]
        for content in (LIST.encode(), LIST.encode("utf-16") + b"\xff")
    ]
    jobs.append(
        admin.post(TASKS, {"type": "kolibri.core.auth.tasks.exportuserstocsv",
                           "facility": facility, "locale": "en"})["id"]
    )  # fmt: skip

    def ended():
        return {admin.get(f"{TASKS}{job}/")["status"] for job in jobs} <= {"COMPLETED", "FAILED"}

    wait_until(ended, "the jobs", JOB_SECONDS)
    assert NEWCOMER in {user["username"] for user in admin.get(USERS)}
    for user in admin.get(USERS, search=NEWCOMER):
        assert admin.request("DELETE", f"{USERS}{user['id']}/").ok
