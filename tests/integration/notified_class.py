"""Kolibri with the plugin, a class whose work notifies its coach, and faults on the way."""

from __future__ import annotations

import contextlib
import functools

import psycopg2

from devtools.deadline import wait_until
from kolibri_azure_plugin.facility_data.notifications.outbox import LOCK
from tests.integration.classwork import PASSWORD, Learner, seed_data
from tests.integration.serving import signed_in

#: Seconds for work that should take one, on a busy machine.
SOON = 30

COUNT = "SELECT count(*) FROM notifications_learnerprogressnotification"
WAITING = "SELECT count(*) FROM kolibri_azure_notifications"


#: One learner for each test, and one whose work makes a process look for notifications.
LEARNERS = ("ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal")

#: Makes all notifications about a learner fail.
REFUSE = """
    CREATE FUNCTION of_a_test() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION 'refused by the test'; END
    $$ LANGUAGE plpgsql;
    CREATE TRIGGER of_a_test BEFORE INSERT ON notifications_learnerprogressnotification FOR EACH ROW
        WHEN (NEW.user_id = '{learner}') EXECUTE FUNCTION of_a_test();
"""

#: Gives another process time between the look for a notification and its end.
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


class Site:
    """Kolibri with the plugin, and a class."""

    def __init__(self, deployment, postgres) -> None:
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        self.deployment = deployment
        self.ask = functools.partial(postgres.execute, database=deployment.database)
        self.shell = lambda script: deployment.require("manage", "shell", "-c", script)
        self.of = seed_data(self.shell, *LEARNERS)

    def learner(self, server, name):
        return Learner(signed_in(server.url, name, PASSWORD), self.of)

    def waits(self):
        return self.ask(WAITING)[0][0]

    def wait_until_told(self):
        wait_until(lambda: self.waits() == 0, "everything to be worked off", SOON)

    @contextlib.contextmanager
    def having(self, trigger):
        """The table of notifications has this trigger during the block."""
        self.ask(trigger)
        yield
        self.ask("DROP TRIGGER of_a_test ON notifications_learnerprogressnotification")
        self.ask("DROP FUNCTION of_a_test")

    @contextlib.contextmanager
    def another_process_works_for(self, name):
        """No other process works off this learner's notifications during the block."""
        lane = self.id_of(name).replace("-", "")
        with contextlib.closing(psycopg2.connect(self.deployment.database_url)) as session:
            session.cursor().execute(LOCK, (lane,))
            yield

    def finish_the_video(self, server, name):
        learner = self.learner(server, name)
        learner.progress(learner.open("video", lesson_id=self.of.lessons["first"]))

    @contextlib.contextmanager
    def another_lesson(self, title):
        """Another lesson with the same resources, deleted at the end of the block."""
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
        """The coach's notifications about a learner, counted."""
        return self.ask(f"{COUNT} WHERE user_id = %s::uuid", (self.id_of(name),))[0][0]

    def attempts(self):
        """The numbers of tries of the notifications left."""
        return {row[0] for row in self.ask("SELECT attempts FROM kolibri_azure_notifications")}

    def events(self, name, lesson="first"):
        """The number of notifications for each event of a learner's lesson."""
        rows = self.ask(
            "SELECT notification_object || ' ' || notification_event, count(*)"
            " FROM notifications_learnerprogressnotification"
            " WHERE user_id = %s::uuid AND lesson_id = %s::uuid GROUP BY 1",
            (self.id_of(name), self.of.lessons.get(lesson)),
        )
        return dict(rows)
