"""What the administrator's page shows, as its server answers."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from devtools import share
from kolibri_azure_plugin.doctor import stored_reports
from kolibri_azure_plugin.errors.redaction import MASK
from kolibri_azure_plugin.instances import lease_row
from kolibri_azure_plugin.instances.activity import minutes, presence
from tests.fuse import NEEDS_FUSE

from .status_answers import PAGE, REPORT, Document
from .status_school import INSTANCES, ailing, begin_school, shown, signed_in
from .status_states import WELL

pytestmark = pytest.mark.slow

#: Seconds for an answer while the share hangs, on a busy machine. A request that touches the share
#: would never get one.
ANSWERED = 20


@pytest.fixture(scope="module")
def school(copied):
    with begin_school(copied) as school:
        yield school


@pytest.fixture(scope="module")
def administrator(school):
    return signed_in(school.url)


@pytest.fixture
def well(school):
    with school.well() as story:
        yield story


def test_a_healthy_deployment_is_well(administrator, well):
    text = shown(administrator).text

    assert "All is well" in text
    assert f"{len(WELL)} checks passed." in text
    assert "Learners active today 61" in text


def test_both_instances_are_listed_with_the_one_that_runs_the_workers(administrator, well):
    row = lease_row.look(well.state).row
    assert lease_row.take(well.state, row, lease_row.holder_of("second", 7))

    table = re.search(
        r'id="instances".*?</table>', administrator.request("GET", PAGE).text, re.DOTALL
    )

    first, _, second = Document(table.group()).text.partition("second")
    assert "first" in first
    assert "Runs here" not in first
    assert "Runs here" in second


def test_a_failure_is_named_with_its_time_its_place_and_its_remedy(administrator, well):
    failed = ailing(
        "azure.content.access",
        status="fail",
        message="The share hangs.",
        cause="no answer within 1.5 seconds",
        remedy="az storage account show",
    )
    well.report(failed, INSTANCES, hours_ago=2)

    page = administrator.request("GET", PAGE).text
    top = Document(re.search(r'<section id="top".*?</section>', page, re.DOTALL).group()).text

    assert "Something is broken" in top
    for part in ("The share hangs.", "no answer within", "az storage account show", "(2 h)"):
        assert part in top
    assert "On first, second" in top


def test_the_time_of_a_failure_outlives_further_reports(administrator, well):
    document = administrator.get(REPORT)["reports"][1]
    changed = {"status": "fail", "message": "The share hangs.", "remedy": "Look at it."}
    checks = [
        {**each, **changed} if each["id"] == "azure.content.access" else each
        for each in document["checks"]
    ]
    now = dt.datetime.now(dt.timezone.utc)
    for hours in (5, 1):
        time = f"{now - dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        stored_reports.keep(well.state, {**document, "time": time, "checks": checks})

    text = shown(administrator).text

    assert "(5 h)" in text
    assert "(1 h)" not in text


def test_a_failed_job_is_shown_without_secrets(administrator, well, school):
    password = school.deployment.database_url.partition("@")[0].rpartition(":")[2]
    well.fail_job(
        "a" * 32,
        "kolibri.core.content.tasks.remoteimport",
        f"OperationalError: kolibri:{password} was refused",
        channel_name="Biology",
    )

    page = shown(administrator).text

    assert "Kolibri works, but something needs attention" in page
    assert "Import of a channel" in page
    assert "Biology" in page
    assert f"OperationalError: kolibri:{MASK} was refused" in page


@pytest.mark.parametrize(
    "function",
    [
        "kolibri.core.analytics.tasks._generate_local_notifications",
        "kolibri_azure_plugin.facility_data.syncing.task.advance_transfer",
    ],
)
def test_a_failed_job_that_nobody_can_start_again_is_no_trouble(function, administrator, well):
    well.fail_job("b" * 32, function, "JobRunning: it reschedules itself")

    text = shown(administrator).text

    assert "All is well" in text
    assert "JobRunning" not in text


def test_reports_are_shown_and_handed_out_without_secrets(administrator, well, school):
    password = school.deployment.database_url.partition("@")[0].rpartition(":")[2]
    well.report(ailing("azure.database.port", message=f"Found {password}."), INSTANCES)

    for path in (PAGE, REPORT):
        text = administrator.request("GET", path).text
        assert password not in text
        assert f"Found {MASK}." in text


def test_the_report_contains_all_that_is_stored(administrator, well):
    reports = administrator.get(REPORT)["reports"]

    assert [(each["scope"], each["instance"]) for each in reports] == [
        ("deployment", "first"),
        ("instance", "first"),
        ("instance", "second"),
    ]
    assert sum(len(each["checks"]) for each in reports[:2]) == len(WELL)
    assert all(each["age_s"] >= 0 for each in reports)


def test_its_charts_show_the_requests_of_all_instances_together(well):
    counted = {}
    for each in minutes.read(well.state, hours=1):
        if each.source:
            number = int(each.at.timestamp()) // 60
            counted[number] = counted.get(number, 0) + each.value["passed"]

    totals = {each.minute: each.passed for each in minutes.totals(well.state, hours=1)}

    both = counted.keys() & totals.keys()
    assert len(both) >= 58, "all but a minute that has begun or ended meanwhile"
    assert {number: totals[number] for number in both} == {
        number: counted[number] for number in both
    }


def test_an_upgrade_that_is_under_way_is_announced(administrator, well):
    well.state.set(lease_row.TARGET_VERSION, f"0.20.0{lease_row.BEING_PREPARED}")

    assert "An upgrade to Kolibri 0.20.0 is under way." in shown(administrator).text


HAS_STOPPED = """
    UPDATE kolibri_azure_state SET updated_at = updated_at - interval '1 hour'
    WHERE key = 'instance:second' RETURNING key
"""
IS_FORGOTTEN = "DELETE FROM kolibri_azure_state WHERE key = 'instance:second' RETURNING key"


@pytest.mark.parametrize(
    ("statement", "is_listed"), [(HAS_STOPPED, True), (IS_FORGOTTEN, False)], ids=["hour", "day"]
)
def test_an_instance_that_has_stopped_does_not_trouble_the_others(
    statement, is_listed, administrator, well
):
    failed = ailing("azure.content.mount", status="fail", message="Gone.", remedy="Mount it.")
    well.report(failed, ["second"], hours_ago=2)
    well.state.rows(statement)

    text = shown(administrator).text

    assert ("Silent" in text) is is_listed
    assert "Something is broken" not in text


HAS_NEVER_REPORTED = """
    DELETE FROM kolibri_azure_state WHERE key = 'doctor_report:instance:second' RETURNING key
"""
LONG_AGO, JUST_NOW = dt.timedelta(hours=2), dt.timedelta(minutes=1)


@pytest.mark.parametrize("since", [LONG_AGO, JUST_NOW], ids=["long ago", "just now"])
def test_an_instance_that_was_never_examined_is_named_once_it_has_run_for_long(
    since, administrator, well
):
    well.state.rows(HAS_NEVER_REPORTED)
    started = dt.datetime.now(dt.timezone.utc) - since
    presence.announce(well.state, presence.of_this_process("second", "web", started))

    text = shown(administrator).text

    never = "The doctor has never examined an instance that has been running for long. On second"
    assert (never in text) is (since == LONG_AGO)
    assert ("All is well" in text) is (since == JUST_NOW)


IS_A_DAY_OLD = """
    UPDATE kolibri_azure_state SET updated_at = updated_at - interval '1 day'
    WHERE key LIKE 'doctor_report:%%' RETURNING key
"""


def test_a_failed_job_does_not_hide_that_the_checks_have_stopped(administrator, well):
    assert well.state.rows(IS_A_DAY_OLD)
    well.fail_job("c" * 32, "kolibri.core.content.tasks.remoteimport", "no answer")

    page = administrator.request("GET", PAGE).text
    top = Document(re.search(r'<section id="top".*?</section>', page, re.DOTALL).group()).text

    assert "The checks have stopped" in top
    assert top.index("The oldest report came 1 d ago.") < top.index("Import of a channel")
    assert "Restart the app" in top


@pytest.mark.parametrize(
    ("chosen", "language", "direction", "headline"),
    [
        ("ar", "ar", "rtl", "كل شيء على ما يرام"),
        ("fr-fr", "en", "ltr", "All is well"),
        ("fa", "en", "ltr", "All is well"),
    ],
)
def test_it_is_in_the_language_that_the_visitor_chose_in_kolibri(
    chosen, language, direction, headline, school, well
):
    visitor = signed_in(school.url)
    visitor.request("POST", "/en/i18n/setlang/", data={"language": chosen})

    page = shown(visitor)

    [root] = page.all("html")
    assert (root["lang"], root["dir"]) == (language, direction)
    assert headline in page.text


@NEEDS_FUSE
def test_a_hanging_share_does_not_delay_it(administrator, school, well):
    share.hang(school.deployment.share)
    try:
        text = shown(administrator, timeout=ANSWERED).text
    finally:
        share.recover(school.deployment.share)

    assert "Content share" in text
