"""Coaches are told of all work that was answered, once, whatever ends a process."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from pathlib import Path

import pytest

from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import Kolibri
from tests.integration.classwork import PASSWORD, Learner, do_everything, furnish, told
from tests.integration.serving import gunicorn, signed_in, workers

#: Seconds for what should take one, on a machine that does other things as well.
SOON = 30

COUNT = "SELECT count(*) FROM notifications_learnerprogressnotification"
WAITING = "SELECT count(*) FROM kolibri_azure_notifications"


#: One for each test, and one whose work has a process look.
LEARNERS = ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal")

#: Sessions of one learner, enough for each process of the server to get some of their requests.
SESSIONS = 8

#: A call that has failed so often is left alone.
TRIES = 6

#: Fails whatever a learner's coach is to be told.
REFUSE = """
    CREATE FUNCTION of_a_test() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'refused by the test'; END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER of_a_test BEFORE INSERT ON notifications_learnerprogressnotification FOR EACH ROW
        WHEN (NEW.user_id = '{learner}') EXECUTE FUNCTION of_a_test();
"""

#: Between the look for a notification and its end passes time enough for another process.
SLOW = """
    CREATE FUNCTION of_a_test() RETURNS trigger AS $$
        BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER of_a_test BEFORE INSERT ON notifications_learnerprogressnotification FOR EACH ROW
        EXECUTE FUNCTION of_a_test();
"""

ASSIGN = """
from kolibri.core.lessons.models import Lesson, LessonAssignment

first = Lesson.objects.get(title="first")
made = Lesson.objects.create(
    title={title!r}, collection=first.collection, created_by=first.created_by, is_active=True,
    resources=first.resources,
)
LessonAssignment.objects.create(
    lesson=made, collection=first.collection, assigned_by=first.created_by
)
"""

TAKE_BACK = """
from kolibri.core.lessons.models import Lesson

Lesson.objects.get(title={title!r}).delete()
"""

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

#: Both are the last that a learner does: that of the class, and that of the course.
QUIZZES = 2

#: Those with the exercise.
LESSONS = 2


class Site:
    """Kolibri with the plugin, and a class in it."""

    def __init__(self, deployment, postgres) -> None:
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        self.deployment = deployment
        self.ask = functools.partial(postgres.execute, database=deployment.database)
        self.shell = lambda script: deployment.require("manage", "shell", "-c", script)
        self.of = furnish(self.shell, *LEARNERS)

    def learner(self, server, name):
        return Learner(signed_in(server.url, name, PASSWORD), self.of)

    def waits(self):
        return self.ask(WAITING)[0][0]

    def wait_until_told(self):
        wait_until(lambda: self.waits() == 0, "everything to be worked off", SOON)

    @contextlib.contextmanager
    def having(self, trigger):
        """While a trigger of this name is on the notifications."""
        self.ask(trigger)
        yield
        self.ask("DROP TRIGGER of_a_test ON notifications_learnerprogressnotification")
        self.ask("DROP FUNCTION of_a_test")

    def finish_the_video(self, server, name):
        learner = self.learner(server, name)
        learner.progress(learner.open("video", lesson_id=self.of.lessons["first"]))

    @contextlib.contextmanager
    def another_lesson(self, title):
        """Another lesson of the first one's resources, which nobody has afterwards."""
        self.shell(ASSIGN.format(title=title))
        found = self.ask("SELECT id::text FROM lessons_lesson WHERE title = %s", (title,))
        self.of.lessons[title] = found[0][0]
        try:
            yield
        finally:
            del self.of.lessons[title]
            self.shell(TAKE_BACK.format(title=title))

    def id_of(self, name):
        statement = "SELECT id::text FROM kolibriauth_facilityuser WHERE username = %s"
        return self.ask(statement, (name,))[0][0]

    def told_of(self, name):
        """How much the coach has been told of a learner."""
        return self.ask(f"{COUNT} WHERE user_id = %s::uuid", (self.id_of(name),))[0][0]

    def attempts(self):
        """How often what is left has been tried."""
        return {row[0] for row in self.ask("SELECT attempts FROM kolibri_azure_notifications")}

    def events(self, name, lesson="first"):
        """How often each event of a learner's lesson was told."""
        rows = self.ask(
            "SELECT notification_object || ' ' || notification_event, count(*)"
            " FROM notifications_learnerprogressnotification"
            " WHERE user_id = %s::uuid AND lesson_id = %s::uuid GROUP BY 1",
            (self.id_of(name), self.of.lessons.get(lesson)),
        )
        return dict(rows)


@pytest.fixture(scope="module")
def site(copied, postgres):
    with copied() as (deployment, _):
        yield Site(deployment, postgres)


@pytest.fixture(scope="module")
def server(site):
    """Two processes that serve, for the last tests only, so that they do no others' work."""
    with gunicorn(site.deployment) as running:
        yield running


def test_an_orderly_stop_works_off_what_is_due(site):
    with gunicorn(site.deployment, "--workers=1") as server:
        site.finish_the_video(server, "ben")
        server.stop()

    assert site.waits() == 0
    assert site.told_of("ben")


def test_what_a_killed_process_left_is_done_by_the_workers(site):
    with gunicorn(site.deployment, "--workers=1") as server:
        learner = site.learner(server, "cat")
        session = learner.open("video", lesson_id=site.of.lessons["first"])
        site.wait_until_told()
        learner.progress(session)
        server.kill()
    assert site.waits() == 1
    assert "Lesson Completed" not in site.events("cat")

    with workers(site.deployment):
        site.wait_until_told()
    assert site.events("cat")["Resource Completed"] == 1


def test_what_is_written_before_a_commit_is_there_exactly_when_the_rest_is(site):
    said = site.shell(TRANSACTIONS)

    assert "WRITTEN committed 1" in said
    for case in ("rolled back", "rolled back to a savepoint", "cut off", "refused"):
        assert f"WRITTEN {case} 0" in said


@pytest.mark.slow
def test_a_coach_is_told_what_stock_kolibri_tells(tmp_path, site, server, counts):
    stock = Kolibri(tmp_path / "stock")
    stock.provision(username="admin", password="admin-password", preset="formal")
    there = furnish(lambda script: stock.succeed("manage", "shell", "-c", script).output, "ann")

    def stock_told(answers):
        wait_until(
            lambda: in_stock(stock.home, "Answered") == answers * LESSONS, "stock Kolibri", SOON
        )

    with stock.start() as stock_server:
        stock_server.wait_until_it_answers()
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


def test_what_two_processes_work_off_at_once_is_told_once(site, server):
    with site.having(SLOW):
        for learner in [site.learner(server, "eve") for _ in range(SESSIONS)]:
            session = learner.open("exercise", lesson_id=site.of.lessons["first"])
            learner.answer(session, right=True)
        site.wait_until_told()

    found = site.events("eve")
    assert (found["Resource Started"], found["Lesson Started"]) == (1, 1)
    assert found["Resource Answered"] == SESSIONS


def test_one_failure_hurts_nobody_else_and_is_left_to_the_administrator_in_the_end(site, server):
    other = site.learner(server, "gus")
    session = other.open("exercise", lesson_id=site.of.lessons["first"])
    with site.having(REFUSE.format(learner=site.id_of("fay"))):
        site.finish_the_video(server, "fay")
        for tries in range(1, TRIES + 1):
            # Somebody's work has the process look at once.
            other.answer(session, right=True)
            wait_until(lambda tries=tries: site.attempts() == {tries}, f"try {tries}", SOON)
            assert site.events("gus")["Resource Answered"] == tries
            site.ask("UPDATE kolibri_azure_notifications SET due = now() WHERE due < 'infinity'")
    assert "is left to you: create_summarylog" in server.output
    assert "refused by the test" in server.output
    assert not site.events("fay")

    said = site.deployment.require("manage", "azure_notifications", "--retry")
    assert "2 are tried again" in said
    other.answer(session, right=True)
    site.wait_until_told()
    assert site.events("fay")["Resource Completed"] == 1


def test_a_coach_is_told_what_a_sync_brought_also_when_its_last_request_is_killed(site, server):
    """What a learner has done here is what the sync brings."""
    do_everything(site.learner(server, "hal"), site.of, lambda _: site.wait_until_told())
    site.deployment.environment["PYTHONPATH"] += os.pathsep + str(MODULES)

    said = site.shell(SYNCED)

    assert "TOLD ended True, killed True" in said
    assert int(said.rpartition("TOLD ")[2]) > SESSIONS


def in_stock(home, event, of="Resource"):
    """How many of these the coach of a stock Kolibri has been told."""
    with contextlib.closing(sqlite3.connect(home / "notifications.sqlite3")) as database:
        return database.execute(
            f"{COUNT} WHERE notification_event = ? AND notification_object = ?", (event, of)
        ).fetchone()[0]
