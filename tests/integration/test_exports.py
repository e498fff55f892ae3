"""Exports: every finished one can be downloaded, whatever the facility's name."""

from __future__ import annotations

import os
import urllib.parse

import pytest

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import start_gunicorn, start_services
from devtools.kolibri_client import KolibriClient
from tests.smb import is_valid_smb_name

pytestmark = pytest.mark.slow

TASKS = "/api/tasks/tasks/"
JOB_SECONDS = 120

#: Facilities' names are at most 100 characters long.
FACILITIES = {
    "Burmese": "မြန်မာ အထက်တန်းကျောင်း",
    "as long as possible, in Burmese": "ကျောင်း" * 14 + "က",
    "Arabic": "مدرسة النور",
    "slashes": "Primary/Secondary",
    "a folder above": "../School",
    "quotes and what SMB refuses": 'The "Old" School: a? b* <c>|d\\e',
    "two lines": "First line\nSecond line",
}

KINDS = {
    "user": "kolibri.core.auth.tasks.exportuserstocsv",
    "session": "kolibri.core.logger.tasks.exportsessionlogcsv",
    "summary": "kolibri.core.logger.tasks.exportsummarylogcsv",
}
EXPORTS = (
    *((label, "user") for label in FACILITIES),
    *(
        (label, kind)
        for label in ("as long as possible, in Burmese", "slashes")
        for kind in ("session", "summary")
    ),
)
DATES = {"start_date": "2026-01-01T00:00:00", "end_date": "2026-12-31T00:00:00"}


#: Several threads schedule the same job at the same moment, many times.
AT_ONCE = """
import threading
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from kolibri.core.tasks.job import Job
from kolibri.core.tasks.main import job_storage
from kolibri.core.tasks.models import Job as Row

THREADS, JOBS = 6, 20
together = threading.Barrier(THREADS)

def schedule(_number):
    outcomes = []
    for number in range(JOBS):
        together.wait()
        try:
            name = f"at-once-{number}"
            job = Job("kolibri.core.logger.tasks.log_exports_cleanup", job_id=name)
            outcomes.append(job_storage.enqueue_job(job, queue="never") == name)
        except Exception as error:
            outcomes.append(repr(error))
    connection.close()
    return outcomes

with ThreadPoolExecutor(THREADS) as pool:
    found = [each for outcomes in pool.map(schedule, range(THREADS)) for each in outcomes]
wrong = [each for each in found if each is not True]
rows = Row.objects.filter(id__startswith="at-once-")
print("FOUND", wrong, rows.count() == JOBS)
rows.delete()
"""

CLEAN_UP = "from kolibri.core.logger.tasks import log_exports_cleanup; log_exports_cleanup()"


@pytest.fixture(scope="module")
def exports(instance):
    """The folder of the exports, which the first export would create."""
    folder = instance.home / "media" / "log_export"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def administrator(instance):
    with start_gunicorn(instance) as site, start_services(instance):
        site.wait_until_serving()
        client = KolibriClient(site.url)
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        yield client


@pytest.fixture(scope="module")
def facilities(administrator):
    """The id of each facility, by the difficulty of its name."""
    return {label: create(administrator, name) for label, name in FACILITIES.items()}


@pytest.fixture(scope="module")
def jobs(administrator, facilities):
    """How each export ended, by facility and kind."""
    begun = {
        (label, kind): begin(administrator, kind, facilities[label]) for label, kind in EXPORTS
    }
    return {key: end_of(administrator, job) for key, job in begun.items()}


def create(client, name):
    answer = client.request(
        "POST", "/api/auth/facility/create_facility/", json={"name": name, "preset": "formal"}
    )
    assert answer.status_code == 200, answer.text
    found = client.get("/api/auth/facility/")
    return next(facility["id"] for facility in found if facility["name"] == name)


def begin(client, kind, facility):
    dates = {} if kind == "user" else DATES
    answer = client.request(
        "POST", TASKS, json={"type": KINDS[kind], "facility": facility, "locale": "en", **dates}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def end_of(client, job):
    def ended():
        found = client.get(f"{TASKS}{job}/")
        return found if found["status"] in ("COMPLETED", "FAILED", "CANCELED") else None

    return wait_until(ended, "the export to end", JOB_SECONDS)


def download(client, kind, facility):
    return client.request("GET", f"/facility/api/downloadcsvfile/{kind}/{facility}/")


def exported_at(client, facility):
    """The time of each kind of export, as the interface shows it."""
    return client.get(f"/facility/api/exportedcsvinfo/{facility}/")


@pytest.mark.parametrize(("label", "kind"), EXPORTS)
def test_the_export_of_a_finished_job_can_be_downloaded(
    label, kind, administrator, facilities, jobs
):
    assert jobs[label, kind]["status"] == "COMPLETED", jobs[label, kind]
    assert exported_at(administrator, facilities[label])[kind] is not None

    answer = download(administrator, kind, facilities[label])

    assert answer.status_code == 200
    assert "Username" in answer.content.decode("utf-8-sig").partition("\n")[0].title()


@pytest.mark.parametrize("label", FACILITIES)
def test_a_browser_is_told_a_name_that_it_can_read(label, administrator, facilities, jobs):
    header = download(administrator, "user", facilities[label]).headers["Content-Disposition"]

    plain, _, encoded = header.partition("; filename*=UTF-8''")
    name = urllib.parse.unquote(encoded, errors="strict")
    assert plain.isascii()
    assert plain.count('"') == 2
    assert is_valid_smb_name(name)
    if label in ("Burmese", "Arabic"):
        assert name == f"{FACILITIES[label]}_{facilities[label][:4]}_users.csv"


def test_an_export_lies_under_a_name_that_a_share_takes(jobs, exports):
    names = [path.name for path in exports.iterdir()]

    assert len(names) >= len(jobs)
    assert all(is_valid_smb_name(name) for name in names)


def test_a_new_export_replaces_the_old_one(administrator, facilities, jobs, exports):
    label = "slashes"
    before = {path.name for path in exports.iterdir()}

    job = end_of(administrator, begin(administrator, "user", facilities[label]))

    assert job["status"] == "COMPLETED"
    assert {path.name for path in exports.iterdir()} == before


def test_kolibri_removes_old_exports_and_no_others(instance, jobs, exports):
    kept = {path.name for path in exports.iterdir()}
    for name in (*kept, "Closed_0000_users.csv"):
        (exports / name).touch()
        os.utime(exports / name, (0, 0))
    # Another worker has just written it, but not yet recorded it.
    (exports / "New_0000_content_summary_logs_from_2026-01-01_to_2026-01-02.csv").touch()
    kept.add("New_0000_content_summary_logs_from_2026-01-01_to_2026-01-02.csv")

    instance.require("manage", "--skip-update", "shell", "-c", CLEAN_UP)

    assert {path.name for path in exports.iterdir()} == kept


def test_an_export_that_was_made_under_its_old_name_is_still_there(
    administrator, facilities, exports
):
    facility = create(administrator, "Morning: 1")
    (exports / f"Morning: 1_{facility[:4]}_users.csv").write_text("old")

    assert exported_at(administrator, facility)["user"] is not None
    assert download(administrator, "user", facility).text == "old"

    end_of(administrator, begin(administrator, "user", facility))

    assert "Username" in download(administrator, "user", facility).text.title()


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_that_cannot_be_written_fails(kind, administrator, exports, instance):
    facility = create(administrator, f"Unwritable {kind}")
    kept = exports.with_name("kept")
    exports.rename(kept)
    # A file in place of the folder, as on a share that was filled by hand.
    exports.write_text("")
    try:
        job = end_of(administrator, begin(administrator, kind, facility))
    finally:
        exports.unlink()
        kept.rename(exports)

    assert job["status"] == "FAILED"
    assert exported_at(administrator, facility)[kind] is None
    assert not list((instance.home / "media" / "temp").glob("*.export"))


def test_a_job_that_is_scheduled_by_several_at_once_is_there_once(instance):
    output = instance.require(
        "manage", "--skip-update", "shell", "-c", f"exec({AT_ONCE!r}, {{'__name__': 'script'}})"
    )

    assert "FOUND [] True\n" in output
