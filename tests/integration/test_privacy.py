"""One learner's data is exported and erased, in the cloud and where it was synced to.

docs/privacy.md describes each step.
"""

from __future__ import annotations

import csv
import json

import pytest

from devtools.deployment import DATABASE_PASSWORD, FACILITY, SUPERUSER, SUPERUSER_PASSWORD
from devtools.fleet import Fleet
from devtools.kolibri_client import KolibriClient
from devtools.syncing.cloud import Cloud
from devtools.syncing.school import School, run_steps, step
from tests.integration.traces import in_postgresql, in_sqlite
from tests.long_forms import LONG_FORM

pytestmark = pytest.mark.slow

CREDENTIALS = {"username": SUPERUSER, "password": SUPERUSER_PASSWORD}

ANSWER = "the quokka ate it"

COPIES_OF_WORK = "SELECT count(*) FROM morango_store WHERE serialized LIKE %s"

ENROL = """
import sync_records as records
from kolibri.core.auth.models import Classroom, Facility, FacilityUser
from kolibri.core.bookmarks.models import Bookmark
from kolibri.core.logger.models import UserSessionLog
facility = Facility.get_default_facility()
classroom, _ = Classroom.objects.get_or_create(name="Class 3", parent=facility)
learner = FacilityUser.objects.create_user(
    {username!r}, password="a-password", full_name={full_name!r}, id_number={number!r},
    facility=facility,
)
classroom.add_member(learner)
attempts = records.attempts_of(learner, 3)
for attempt in attempts:
    attempt.answer = {{"text": {answer!r}}}
records.saved(attempts)
Bookmark.objects.create(user=learner, contentnode_id="0" * 32)
UserSessionLog.objects.create(user=learner)
"""

EXPIRE = """
from datetime import timedelta
from django.utils import timezone
from kolibri.core.auth.models import FacilityUser
from kolibri.core.auth.tasks import cleanup_expired_deleted_users
from kolibri_azure_plugin.housekeeping.stopped_jobs import reschedule_stopped_jobs
reschedule_stopped_jobs()
long_ago = timezone.now() - timedelta(days=31)
FacilityUser.soft_deleted_objects.update(date_deleted=long_ago)
cleanup_expired_deleted_users()
"""


class Person:
    """A learner whose every trace can be recognised."""

    def __init__(self, username, full_name, number):
        self.username, self.full_name, self.number = username, full_name, number

    @property
    def words(self):
        return self.username, self.full_name, self.number

    def enrol(self, cloud):
        values = {**vars(self), "answer": f"{ANSWER}, {self.username}"}
        run(cloud.shell, "shell", text=ENROL.format(**values))
        return cloud.records().user(self.username)


ZENOBIA = Person("zenobiaq", "Zenobia Quillfeather", "ZQ-4711")
OTHER = Person("ottoline", "Ottoline Umbrage", "OU-0815")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory, authority, postgres, role, temporary_database, migrated_template):
    with temporary_database(migrated_template) as name:
        folder = tmp_path_factory.mktemp("cloud")
        fleet = Fleet(folder, postgres, authority, name, role, DATABASE_PASSWORD)
        fleet.settings["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        with Cloud(fleet, instances=1) as cloud:
            yield cloud


def run(kolibri, *arguments, text=""):
    return kolibri.succeed("manage", *arguments, text=text)


def test_what_belongs_to_one_learner_is_exported(cloud):
    person = Person("exportia", "Exportia Plumb", "EP-1")
    neighbour = Person("neighbour", "Neighbour Sprout", "NS-2")
    for each in (person, neighbour):
        each.enrol(cloud)

    run(cloud.shell, "user_info", person.username)

    folder = cloud.shell.home / person.username
    files = {file.stem: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    for word in (*person.words, f"{ANSWER}, {person.username}"):
        assert any(word in text for text in files.values()), (word, sorted(files))
    assert len(json.loads(files["attemptlog"])) == 3
    for kind in ("membership", "masterylog", "usersessionlog", "bookmark"):
        assert len(json.loads(files[kind])) == 1
    assert not any(word in text for word in neighbour.words for text in files.values())


def test_the_logs_of_a_facility_can_be_filtered_by_user_name(cloud):
    person = Person("filterina", "Filterina Sieve", "FS-3")
    person.enrol(cloud)
    facility = cloud.records().facilities()[FACILITY]

    for kind in ("session", "summary"):
        file = cloud.shell.home / f"{kind}.csv"
        since, until = "2020-01-01T00:00:00", "2100-01-01T00:00:00"
        where = ("--log-type", kind, "--output-file", str(file), "--facility", facility)
        run(cloud.shell, "exportlogs", *where, "--start_date", since, "--end_date", until)
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert len([row for row in rows if row["Username"] == person.username]) == 1


@LONG_FORM
def test_a_learner_is_erased_in_the_cloud_and_with_the_next_sync_at_school_and_on_the_tablet(
    cloud, tmp_path, counts
):
    school, tablet = School(tmp_path / "school"), School(tmp_path / "tablet")
    learner = ZENOBIA.enrol(cloud)
    OTHER.enrol(cloud)
    facility = cloud.records().facilities()[FACILITY]
    run_steps(school, step("sync", cloud.url, facility, no_push=True, **CREDENTIALS))
    run_steps(
        tablet,
        step("sync", cloud.url, facility, user=learner, no_push=True, **CREDENTIALS),
        step("work_on", learner, 3),
        step("sync", cloud.url, facility, user=learner),
    )
    words = (*ZENOBIA.words, f"{ANSWER}, {ZENOBIA.username}")
    of_other = in_postgresql(cloud.rows, OTHER.words)
    for found in (
        in_postgresql(cloud.rows, words),
        in_sqlite(school.home, words),
        in_sqlite(tablet.home, words),
    ):
        assert found, found
    counts(f"before: {in_postgresql(cloud.rows, words)}")

    run(cloud.shell, "deleteuser", ZENOBIA.username, "--facility", facility, text="yes\nyes\n")
    # The copies for syncs are emptied when the next sync begins.
    counts(f"erased: {in_postgresql(cloud.rows, words)}")
    assert set(in_postgresql(cloud.rows, words)) == {"morango_store"}

    run_steps(school, step("sync", cloud.url, facility))

    counts(f"synced: {in_postgresql(cloud.rows, words)}")
    assert in_postgresql(cloud.rows, words) == {}
    assert in_sqlite(school.home, words) == {}
    assert in_postgresql(cloud.rows, OTHER.words) == of_other

    run_steps(tablet, step("work_on", learner, 3), step("sync", cloud.url, facility, user=learner))

    counts(f"tablet: {in_sqlite(tablet.home, words)}")
    assert in_sqlite(tablet.home, words) == {}
    assert in_postgresql(cloud.rows, words) == {}
    # Nor does the work come back that the tablet has recorded meanwhile. The next sync empties it.
    run_steps(school, step("sync", cloud.url, facility))
    assert cloud.rows(COPIES_OF_WORK, (f"%{learner}%",)) == [(0,)]
    of_user = "SELECT count(*) FROM logger_attemptlog WHERE user_id = %s"
    assert cloud.rows(of_user, (learner,)) == [(0,)]


def test_an_account_that_was_deleted_in_the_interface_can_be_restored_and_erased(cloud):
    person = Person("rosa", "Rosa Returnish", "RR-6")
    learner = person.enrol(cloud)
    facility = cloud.records().facilities()[FACILITY]
    admin = KolibriClient(cloud.url)
    admin.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    where = {"params": {"by_ids": learner}}
    assert admin.request("DELETE", "/api/auth/facilityuser/", **where).ok
    assert admin.request("POST", "/api/auth/deletedfacilityuser/restore/", **where).ok

    run(cloud.shell, "deleteuser", person.username, "--facility", facility, text="yes\nyes\n")

    assert in_postgresql(cloud.rows, person.words) == {}


def test_accounts_deleted_in_the_interface_are_removed_after_a_month_but_not_their_copies(cloud):
    person = Person("wanda", "Wanda Lingerlong", "WL-5")
    learner = person.enrol(cloud)
    facility = cloud.records().facilities()[FACILITY]
    school = School(cloud.shell.home / "another-school")
    run_steps(school, step("sync", cloud.url, facility, no_push=True, **CREDENTIALS))
    admin = KolibriClient(cloud.url)
    admin.sign_in(SUPERUSER, SUPERUSER_PASSWORD)

    deleted = admin.request("DELETE", "/api/auth/facilityuser/", params={"by_ids": learner})
    assert deleted.ok, deleted.text
    assert "kolibriauth_facilityuser" in in_postgresql(cloud.rows, person.words)

    run(cloud.shell, "shell", text=EXPIRE)

    assert cloud.rows("SELECT state FROM jobs WHERE id = 'cleanup_expired_deleted_users'")
    assert set(in_postgresql(cloud.rows, person.words)) == {"morango_store"}
    run_steps(school, step("sync", cloud.url, facility))
    assert set(in_postgresql(cloud.rows, person.words)) == {"morango_store"}
    assert set(in_sqlite(school.home, person.words)) == {"db.morango_store"}
