"""Coaches get each notification once, whatever ends a process."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri
from tests.integration.classwork import PASSWORD, Learner, do_everything, seed_data, told
from tests.integration.serving import gunicorn, workers

from .notified_class import COUNT, REFUSE, SLOW, SOON, Site

#: Sessions of one learner: enough that each process of the server gets some requests.
SESSIONS = 8

#: A call that has failed this often is not tried again.
TRIES = 6

TRANSACTIONS = """
import contextlib
from django.db import connection, transaction

def write(connection, items):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kolibri_azure_state VALUES ('a test', '1')")

def refuse(connection, items):
    raise KeyError("refused by the test")

def to_write():
    connection.write_before_commit(write, "an item")

@contextlib.contextmanager
def case(name):
    with contextlib.suppress(KeyError):
        yield
    # What must not be written is not written by a later transaction either.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM kolibri_azure_state WHERE key = 'another'")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kolibri_azure_state WHERE key = 'a test'")
        print("WRITTEN", name, cursor.rowcount)

with case("committed"), transaction.atomic(), transaction.atomic():
    to_write()
with case("rolled back"), transaction.atomic():
    to_write()
    raise KeyError
with case("rolled back to a savepoint"), transaction.atomic():
    with contextlib.suppress(KeyError), transaction.atomic():
        to_write()
        raise KeyError
with case("cut off"), contextlib.suppress(Exception), transaction.atomic():
    to_write()
    connection.close()
with case("refused"), transaction.atomic():
    to_write()
    connection.write_before_commit(refuse, "another")
"""

SYNCED = """
from synced_work import *

context = context_of_a_transfer()
expected = told_by_kolibri(context)
ended = told_by_the_table(context, killed=False)
context = context_of_a_transfer()
killed = told_by_the_table(context, killed=True)
print(f"TOLD ended {ended == expected}, killed {killed == expected}")
print("TOLD", len(expected))
"""

MODULES = Path(__file__).parent / "modules"

#: The last resources of a learner: that of the class and that of the course.
QUIZZES = 2

#: The lessons with the exercise.
LESSONS = 2


@pytest.fixture(scope="module")
def site(copied, postgres):
    with copied() as (deployment, _):
        yield Site(deployment, postgres)


@pytest.fixture(scope="module")
def server(site):
    """Two server processes, only for the last tests, so that they do no work of other tests."""
    with gunicorn(site.deployment) as running:
        yield running


def test_an_orderly_stop_finishes_the_work_that_is_due(site):
    with gunicorn(site.deployment, "--workers=1") as server:
        site.finish_the_video(server, "ben")
        server.stop()

    assert site.waits() == 0
    assert site.told_of("ben")


def test_workers_finish_the_work_of_a_killed_process(site):
    with gunicorn(site.deployment, "--workers=1") as server:
        learner = site.learner(server, "cat")
        session = learner.open("video", lesson_id=site.of.lessons["first"])
        site.wait_until_told()
        with site.another_process_works_for("cat"):
            learner.progress(session)
            server.kill()
    assert site.waits() == 1
    assert "Lesson Completed" not in site.events("cat")

    with workers(site.deployment):
        site.wait_until_told()
    assert site.events("cat")["Resource Completed"] == 1


def test_a_notification_is_committed_or_rolled_back_with_its_cause(site):
    said = site.shell(TRANSACTIONS)

    assert "WRITTEN committed 1" in said
    for case in ("rolled back", "rolled back to a savepoint", "cut off", "refused"):
        assert f"WRITTEN {case} 0" in said


@pytest.mark.slow
def test_a_coach_is_told_what_stock_kolibri_tells(tmp_path, site, server, counts):
    stock = Kolibri(tmp_path / "stock")
    stock.provision(username="admin", password="admin-password", preset="formal")
    there = seed_data(lambda script: stock.succeed("manage", "shell", "-c", script).output, "ann")

    def stock_told(answers):
        wait_until(
            lambda: in_stock(stock.home, "Answered") == answers * LESSONS, "stock Kolibri", SOON
        )

    with stock.start() as stock_server:
        stock_server.wait_until_serving()
        client = KolibriClient(stock_server.url)
        client.sign_in("ann", PASSWORD)
        # Kolibri looks at its list every five seconds, and works it off in order.
        do_everything(Learner(client, there), there, stock_told)
        wait_until(
            lambda: in_stock(stock.home, "Completed", "Quiz") == QUIZZES, "the last quiz", SOON
        )
    expected = told(lambda script: stock.succeed("manage", "shell", "-c", script).output, "ann")

    do_everything(site.learner(server, "ann"), site.of, lambda _: site.wait_until_told())
    site.wait_until_told()
    found = told(site.shell, "ann")
    counts(f"{len(found)} notifications, of {len({tuple(each[:2]) for each in found})} kinds")
    assert found == expected


def test_a_lesson_that_is_assigned_later_is_seen_by_every_process(site, server):
    learners = [site.learner(server, "dan") for _ in range(SESSIONS)]
    sessions = [each.open("exercise", lesson_id=site.of.lessons["first"]) for each in learners]
    for each, session in zip(learners, sessions):
        each.answer(session, right=True)
    site.wait_until_told()

    with site.another_lesson("later"):
        for each, session in zip(learners, sessions):
            each.answer(session, right=True)
        site.wait_until_told()
        found = site.events("dan", "later")

    assert found["Lesson Started"] == 1
    assert found["Resource Answered"] == SESSIONS


def test_two_processes_at_once_send_each_notification_once(site, server):
    with site.having(SLOW):
        for learner in [site.learner(server, "eve") for _ in range(SESSIONS)]:
            session = learner.open("exercise", lesson_id=site.of.lessons["first"])
            learner.answer(session, right=True)
        site.wait_until_told()

    found = site.events("eve")
    assert (found["Resource Started"], found["Lesson Started"]) == (1, 1)
    assert found["Resource Answered"] == SESSIONS


def test_one_failure_affects_no_other_learner_and_is_left_to_the_administrator(site, server):
    other = site.learner(server, "gus")
    session = other.open("exercise", lesson_id=site.of.lessons["first"])
    with site.having(REFUSE.format(learner=site.id_of("fay"))):
        site.finish_the_video(server, "fay")
        for tries in range(1, TRIES + 1):
            # New work makes the process look at once.
            other.answer(session, right=True)
            wait_until(lambda tries=tries: site.attempts() == {tries}, f"try {tries}", SOON)
            assert site.events("gus")["Resource Answered"] == tries
            site.ask("UPDATE kolibri_azure_notifications SET due = now() WHERE due < 'infinity'")
    assert "is not tried again: create_summarylog" in server.output
    assert "refused by the test" in server.output
    assert not site.events("fay")

    said = site.deployment.require("manage", "azure_notifications", "--retry")
    assert "2 notifications will be retried" in said
    other.answer(session, right=True)
    site.wait_until_told()
    assert site.events("fay")["Resource Completed"] == 1


def test_a_coach_is_told_what_a_sync_brought_also_when_its_last_request_is_killed(site, server):
    """The sync brings the work that a learner has done here."""
    do_everything(site.learner(server, "hal"), site.of, lambda _: site.wait_until_told())
    site.deployment.environment["PYTHONPATH"] += os.pathsep + str(MODULES)

    said = site.shell(SYNCED)

    assert "TOLD ended True, killed True" in said
    assert int(said.rpartition("TOLD ")[2]) > SESSIONS


def in_stock(home, event, of="Resource"):
    """The number of these notifications in a stock Kolibri."""
    with contextlib.closing(sqlite3.connect(home / "notifications.sqlite3")) as database:
        return database.execute(
            f"{COUNT} WHERE notification_event = ? AND notification_object = ?", (event, of)
        ).fetchone()[0]
