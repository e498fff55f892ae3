"""Workers remove finished, abandoned and expired data, and nothing else."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest

from devtools.deadline import wait_until
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.kolibri_client import KolibriClient
from tests.fuse import NEEDS_FUSE

from .broken_sync import ABANDONED, ENDED, FRESH, LEFT
from .housekeeping_site import (
    EVERYTHING,
    OFTEN,
    ON_A_SHARE_THAT_HANGS,
    PASSWORD,
    SUMMARIES,
    TASKS,
    addresses,
    as_written,
    backdate,
    begin_site,
)
from .old_syncs import CLEANUP, SAME_DEVICE, SILENT, buffers, make_syncs

pytestmark = pytest.mark.slow

#: Jobs of each of two kinds. Issue 13: such a list took 16 seconds.
MANY = 10_000
AUTOMATIC = "kolibri.core.content.tasks.automatic_resource_import"
EXPORT = "kolibri.core.auth.tasks.exportuserstocsv"


@pytest.fixture(scope="module")
def site(copied, postgres, tmp_path_factory):
    with begin_site(copied, postgres, tmp_path_factory.mktemp("temporary")) as site:
        yield site


@pytest.fixture(scope="module")
def syncs(site):
    return make_syncs(site)


def test_twenty_thousand_finished_jobs_of_syncs_are_gone_from_the_task_list(site):
    many = "id LIKE 'cleanup-%%' OR id LIKE 'automatic-%%'"
    site.add_jobs(MANY, "cleanup-", CLEANUP)
    site.add_jobs(MANY, "automatic-", AUTOMATIC, "FAILED")

    # It is not recorded yet when they finished.
    site.run_round()
    assert site.count("jobs", many) == 2 * MANY
    site.backdate_jobs("11 minutes")
    site.run_round()

    assert site.count("jobs", many) == 0
    listed = site.client.request("GET", TASKS)
    assert len(listed.json()) < 300
    assert len(listed.content) < 300_000


def test_jobs_that_somebody_started_stay_for_a_week_and_the_newest_hundred_at_most(site):
    site.add_jobs(150, "recent-", EXPORT)
    site.add_jobs(10, "old-", EXPORT, "FAILED")
    site.run_round()

    site.backdate_jobs("2 hours", "recent-%")
    site.backdate_jobs("8 days", "old-%")
    site.run_round()

    assert site.count("jobs", "id LIKE 'old-%%'") == 0
    assert site.count("jobs", "id LIKE 'recent-%%'") == 100


def test_a_job_that_just_failed_or_still_waits_stays(site):
    site.add_jobs(1, "failed-", CLEANUP, "FAILED")
    site.add_jobs(1, "waiting-", "tests.no_such_task", "PENDING")
    site.run_round()
    site.backdate_jobs("9 minutes", "failed-%")
    site.rows("UPDATE jobs SET time_updated = now() - interval '9 days' WHERE id = 'waiting-1'")

    site.run_round()

    assert site.count("jobs", "id IN ('failed-1', 'waiting-1')") == 2


def test_a_job_that_ran_again_counts_from_its_last_end(site):
    site.add_jobs(1, "again-", CLEANUP)
    site.rows(
        "UPDATE jobs SET time_updated = now() - interval '9 days',"
        " scheduled_time = now() - interval '1 minute' WHERE id = 'again-1'"
    )

    site.run_round()

    assert site.jobs(id="again-1") == 1


def test_only_a_superuser_starts_or_sees_the_rounds(site):
    learner = KolibriClient(site.url)
    learner.sign_in(LEARNER, LEARNER_PASSWORD)
    task = "kolibri_azure_plugin.housekeeping.regular_jobs.clean_up"

    assert learner.request("POST", TASKS, json={"type": task}).status_code == 403
    assert learner.request("GET", f"{TASKS}{EVERYTHING}/").status_code == 403
    assert site.client.get(f"{TASKS}{EVERYTHING}/")["type"] == task


def test_of_pulls_that_were_abandoned_a_closed_record_stays_the_newest_of_each_device(site, syncs):
    pulls = [syncs[ABANDONED], syncs[LEFT]]
    closed = "NOT active AND {} = ANY(%s::uuid[])"
    for name in (ABANDONED, LEFT):
        assert syncs["buffers"][name] > 0
        assert buffers(site, syncs[name]) == 0
    for table, column in (("syncsession", "id"), ("transfersession", "sync_session_id")):
        assert site.count(f"morango_{table}", closed.format(column), pulls) == 2

    site.rows(SAME_DEVICE, str(uuid.uuid4()), pulls)
    site.run_round()

    assert site.count("morango_syncsession", closed.format("id"), pulls) == 1


def test_the_status_page_says_that_a_pull_was_interrupted_once_it_is_silent(site, syncs):
    told = "failed or was interrupted"
    assert told not in site.client.request("GET", "/azure/status/").text

    site.rows(SILENT, syncs[FRESH])

    assert told in site.client.request("GET", "/azure/status/").text


def test_a_pull_that_may_be_resumed_stays(site, syncs):
    assert buffers(site, syncs[FRESH]) == syncs["buffers"][FRESH] > 0
    assert site.count("morango_transfersession", "active AND sync_session_id = %s", syncs[FRESH])


def test_of_the_jobs_of_syncs_those_stay_that_an_open_one_waits_for(site, syncs):
    assert site.jobs(id="awaited-1") == site.jobs(id=f"stage-of-{FRESH}-1") == 1
    assert site.jobs(id=f"stage-of-{ABANDONED}-1") == 0


def test_of_syncs_that_ended_the_newest_record_of_a_device_stays(site, syncs):
    left = [name for name in ENDED if site.count("morango_syncsession", "id = %s", syncs[name])]

    assert left == [ENDED[-1]]


def test_unused_nonces_of_a_device_are_removed(site, syncs):
    assert site.count("morango_nonce") == 0


def test_expired_sessions_are_gone_and_live_ones_go_on(site):
    gone, stays = KolibriClient(site.url), KolibriClient(site.url)
    for client in (gone, stays):
        client.sign_in(LEARNER, LEARNER_PASSWORD)
    key = gone.session.cookies["kolibri"]
    expire = "UPDATE kolibriauth_session SET expire_date = now() - interval '1 s'"
    site.rows(f"{expire} WHERE session_key = %s", key)

    site.run_round()

    assert site.count("kolibriauth_session", "session_key = %s", key) == 0
    assert [user["username"] for user in stays.get("/api/auth/facilityuser/")] == [LEARNER]


def test_an_upload_is_gone_half_an_hour_after_a_trial_import(site):
    job, file = site.upload(dryrun="true")
    site.wait_for(job)
    _, fresh = site.upload(dryrun="true")
    backdate(file, 31)
    backdate(fresh, 29)

    site.run_round(OFTEN)

    assert not file.exists()
    assert fresh.exists()
    assert re.search(r"Removed 1 uploaded list[,.]", site.log)


@NEEDS_FUSE
def test_a_share_with_uploads_that_hangs_holds_up_no_worker(site, tmp_path):
    (tmp_path / "temp").mkdir()

    script = ON_A_SHARE_THAT_HANGS.format(media=str(tmp_path))
    told = site.shell_on_media("bind-then-hang", tmp_path, script)

    assert "FOUND share-hangs" in told.stdout


def test_an_upload_that_an_import_waits_for_is_gone_before_the_hour_is_over(site):
    job, file = site.upload(dryrun="true")
    site.wait_for(job)
    site.rows("UPDATE jobs SET state = 'PENDING' WHERE id = %s", job)
    backdate(file, 44)
    site.run_round(OFTEN)
    assert file.exists()

    backdate(file, 46)
    site.run_round(OFTEN)

    assert not file.exists()


def test_the_log_says_what_one_is_and_what_several_are(site):
    told = site.shell(SUMMARIES)

    one, two = (re.search(rf"{count} REMOVED (.*)", told)[1].split(", ") for count in (1, 2))
    assert {"1 abandoned sync", "1 record of an ended sync", "1 expired cache entry"} <= set(one)
    assert {"2 abandoned syncs", "2 records of ended syncs", "2 expired cache entries"} <= set(two)
    assert not [each for each in one if each.replace("1", "2") in two]


def test_remains_of_an_upload_by_a_killed_process_are_removed(site):
    names = wait_until(
        lambda: len(left := sorted(os.listdir(site.temporary))) == 1 and left, "the sweep", 30
    )

    assert names == ["tmpgoingon.upload.csv"]
    wait_until(lambda: "Removed 1 upload of a killed process." in site.log, "its line", 30)


def test_nothing_serves_an_uploaded_list(site):
    job, file = site.upload(dryrun="true")
    site.wait_for(job)
    assert PASSWORD in file.read_text()
    facility = site.client.facility()["id"]
    learner = KolibriClient(site.url)
    learner.sign_in(LEARNER, LEARNER_PASSWORD)

    for path in addresses(file, job, facility):
        for client in (KolibriClient(site.url), KolibriClient(site.zip_url), learner, site.client):
            answer = as_written(client, path)
            assert PASSWORD not in answer.text, path
            assert PASSWORD.encode() not in answer.content, path


def test_the_work_of_a_round_that_fails_is_done_by_the_next(site):
    """A table that is missing for a while represents any failure."""
    site.rows("ALTER TABLE morango_nonce RENAME TO morango_nonce_away")
    site.add_jobs(1, "later-", CLEANUP)
    site.run_round()
    site.backdate_jobs("2 hours", "later-%")
    site.run_round()
    failed = site.client.get(f"{TASKS}{EVERYTHING}/")["exception"]
    site.rows("ALTER TABLE morango_nonce_away RENAME TO morango_nonce")

    # Later steps run even after one has failed.
    assert failed == "ProgrammingError"
    assert site.jobs(id="later-1") == 0
    site.rows("INSERT INTO morango_nonce VALUES (%s, now() - interval '2 hours', '')", "0" * 32)
    site.run_round()
    assert site.count("morango_nonce") == 0


def test_starting_workers_schedule_missing_tasks_and_keep_due_ones(site):
    site.run_round(OFTEN)
    site.run_round(EVERYTHING)
    site.rows("UPDATE jobs SET scheduled_time = '2040-01-01' WHERE id = %s", OFTEN)
    site.rows("DELETE FROM jobs WHERE id = %s", EVERYTHING)

    site.shell(
        "from kolibri_azure_plugin.housekeeping.schedule import schedule_rounds; schedule_rounds()"
    )

    soon = "state = 'QUEUED' AND repeat IS NULL AND scheduled_time < now() + interval '1 hour'"
    assert site.count("jobs", "id = %s AND scheduled_time = '2040-01-01'", OFTEN) == 1
    assert site.count("jobs", f"id = %s AND {soon}", EVERYTHING) == 1
    site.rows("UPDATE jobs SET scheduled_time = now() + interval '1 minute' WHERE id = %s", OFTEN)


def test_a_daily_job_of_kolibris_that_stops_after_its_first_day_is_scheduled_again(site):
    job = "id = 'local-notifications' AND state = %s"
    site.rows("UPDATE jobs SET scheduled_time = now() WHERE id = 'local-notifications'")
    wait_until(lambda: site.count("jobs", job, "FAILED"), "Kolibri's job to fail", 60)

    site.run_round()

    assert site.count("jobs", job, "QUEUED") == 1


def test_the_tables_of_finished_work_are_named_in_the_docs(repository):
    text = Path(repository, "docs", "housekeeping.md").read_text()

    for name in ("jobs", "morango_buffer", "kolibriauth_session", "media/temp"):
        assert name in text
