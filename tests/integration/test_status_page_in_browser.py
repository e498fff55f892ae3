"""The administrator's page in Chromium: by each visitor, in each state, on each screen."""

from __future__ import annotations

import sys

import pytest

from devtools import share
from devtools.deployment import SUPERUSER_PASSWORD
from devtools.instances import another_instance
from devtools.process import BackgroundProcess
from devtools.story import story_of
from tests.fuse import NEEDS_FUSE
from tests.long_forms import each_or

from .status_states import AILMENTS, FAILED_JOB, ROUNDS, WELL, ailing
from .status_visits import (
    ADMIN,
    COACH,
    DESKTOP,
    ENTRIES,
    HOMES,
    LEARNING,
    MENU,
    NOBODY,
    OWN_ENTRY,
    PAGE,
    PHONE,
    SMALL_PHONE,
    SUPER,
    School,
    Visits,
    assert_shown,
    chromium,
    inaccessible,
    sideways,
)

pytestmark = [pytest.mark.slow, pytest.mark.browser]

INSTANCES = ["first", "second"]

ACCESS = "azure.content.access"

#: Seconds for a round on a busy machine.
PLENTY = 180


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def story(servers, instances):
    with story_of(instances[0].database_url) as story:
        story.use(INSTANCES)
        yield story


@pytest.fixture(scope="module")
def school(servers):
    school = School(servers[0].url)
    school.hire(ADMIN, "admin")
    school.hire(COACH, "coach")
    return school


@pytest.fixture(scope="module")
def all_visits(browser, school, servers):
    return Visits(browser, school, [server.url for server in servers])


@pytest.fixture
def visits(all_visits, story):
    """Visits to a deployment where all is well."""
    story.announce(INSTANCES)
    story.report(WELL, INSTANCES)
    all_visits.problems.clear()
    yield all_visits
    all_visits.end()
    story.forget_jobs()
    assert all_visits.problems == []


@pytest.fixture
def everything_broken(visits, story):
    """An ailment of each check that has any, at once, and a failed job."""
    checks, problems = ailing(*AILMENTS)
    story.report(checks, INSTANCES, hours_ago=2)
    story.fail_job("failed", **FAILED_JOB)
    return problems


@pytest.mark.parametrize(("language", "entry"), [("en", "Status"), ("ar", "الحالة")])
def test_a_superuser_reaches_the_page_from_kolibris_menu(language, entry, visits, servers):
    page = visits.begin(language=language)
    page.goto(f"{servers[0].url}/{language}/facility/")
    page.locator(MENU).click()

    page.locator(".side-nav").get_by_role("menuitem", name=entry, exact=True).click()

    page.wait_for_url(f"**{PAGE}")
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("name", HOMES, ids=lambda name: name or "nobody")
def test_nobody_else_has_it_in_the_menu(name, visits, servers):
    page = visits.begin(name)
    page.goto(servers[0].url + HOMES[name])
    page.locator(ENTRIES).first.wait_for(state="attached")

    assert page.locator(OWN_ENTRY).count() == 0


def test_kolibris_pages_are_the_same_for_a_superuser_as_for_others(visits, school):
    pages = {
        school.session(name).request("GET", "/en/learn/").text for name in (SUPER, LEARNING, NOBODY)
    }
    assert len(pages) == 1
    assert PAGE in pages.pop()


@pytest.mark.parametrize("name", [ADMIN, COACH, LEARNING])
def test_the_page_is_for_superusers_only(name, visits):
    page = visits.open(name)

    assert "super admin" in page.get_by_role("heading", level=1).inner_text()
    assert page.locator("#checks, #instances, #support").count() == 0
    assert inaccessible(page) == ""


def test_a_visitor_signs_in_and_returns_to_the_page(visits):
    page = visits.open(NOBODY, new=True)
    page.wait_for_url("**/auth/**")
    page.get_by_label("Username").fill(SUPER)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(SUPERUSER_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()

    page.wait_for_url(f"**{PAGE}")
    visits.problems.clear()  # Kolibri's own sign-in page has some.


def test_a_superuser_sees_everything_on_each_instance(visits, servers):
    for server in servers:
        page = visits.open(url=server.url)

        assert page.get_by_role("heading", level=1).inner_text() == "All is well"
        names = page.locator("#instances tbody th").all_inner_texts()
        assert [name.strip() for name in names] == INSTANCES
        for part in ("use", "jobs", "database", "share", "expiry", "backup", "syncs", "checks"):
            assert page.locator(f"#{part}").count() == 1, part
        assert page.locator("svg[role=img]").count() == 3
        assert page.locator("[data-check]").count() == len(WELL)


@pytest.mark.parametrize("name", each_or(AILMENTS, *AILMENTS[::8]))
def test_the_page_shows_what_is_wrong_why_and_what_to_do(name, visits, story):
    checks, problems = ailing(name)
    story.report(checks, INSTANCES)

    page = visits.open()

    assert page.get_by_role("heading", level=1).inner_text() != "All is well"
    top = page.locator("#top").inner_text()
    for problem in problems:
        assert_shown(page, problem)
        assert problem["message"] in top
    assert sideways(page) == 0
    assert inaccessible(page) == ""


def test_the_page_shows_everything_that_is_wrong_at_once(visits, everything_broken):
    page = visits.open()

    for problem in everything_broken:
        assert_shown(page, problem)


def test_a_failed_job_and_an_old_backup(visits, story):
    checks, [backup] = ailing("azure.kolibri.backups--old")
    story.report(checks, INSTANCES)
    story.fail_job("failed", **FAILED_JOB)

    page = visits.open()

    top = page.locator("#top").inner_text()
    assert backup["message"] in top
    assert "Import of a channel" in top
    failed = page.locator("#failed-jobs").inner_text()
    assert FAILED_JOB["message"] in failed
    assert FAILED_JOB["channel_name"] in failed
    assert inaccessible(page) == ""


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL_PHONE], ids=str)
def test_everything_broken_fits_each_screen(size, language, visits, everything_broken):
    page = visits.open(language=language, size=size)

    assert len(everything_broken) > 50
    for opened in page.locator("details:not([open]) summary").all():
        opened.click()
    assert sideways(page) == 0
    if size != SMALL_PHONE:
        assert inaccessible(page) == ""


def test_arabic_runs_from_right_to_left_and_the_doctors_english_does_not(visits, everything_broken):
    page = visits.open(language="ar")

    assert page.locator("html").get_attribute("dir") == "rtl"
    first = page.locator("#top .message")
    assert (first.get_attribute("lang"), first.get_attribute("dir")) == ("en", "ltr")
    heading, tone = page.locator("#headline").bounding_box(), page.locator("#top .tone").first
    assert tone.bounding_box()["x"] > heading["x"]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_all_well_is_accessible(language, visits):
    assert inaccessible(visits.open(language=language)) == ""


def test_the_keyboard_reaches_everything(visits):
    page = visits.open()
    focused = page.locator(":focus")

    page.keyboard.press("Tab")
    assert focused.get_attribute("href") == "#main"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused.text_content() == "Examine now"
    category = page.locator("#checks summary").first
    while not category.evaluate("element => element === document.activeElement"):
        before = focused.evaluate("element => element.outerHTML")
        page.keyboard.press("Tab")
        assert focused.evaluate("element => element.outerHTML") != before
    page.keyboard.press("Enter")
    assert page.locator("#checks details").first.get_attribute("open") is not None


def test_the_page_refreshes_itself_and_leaves_opened_parts_open(visits, story):
    page = visits.begin(new=True)
    page.clock.install()
    page.goto(visits.urls[0] + PAGE)
    page.locator("#checks-vault summary").click()
    page.locator("#main").focus()
    checks, [backup] = ailing("azure.kolibri.backups--old")
    story.report(checks, INSTANCES)

    page.clock.run_for(31_000)

    page.locator("#top .message", has_text=backup["message"]).wait_for()
    assert page.locator("#checks-vault").get_attribute("open") is not None


def test_the_page_needs_no_javascript(visits, story):
    story.state.rows("DELETE FROM kolibri_azure_state WHERE key = 'doctor_asked' RETURNING key")
    page = visits.open(java_script_enabled=False)

    assert page.get_by_role("heading", level=1).inner_text() == "All is well"
    assert page.get_by_role("button", name="Copy").count() == 0
    for note in ("has been requested", "less than 30 seconds ago"):
        page.get_by_role("button", name="Examine now").click()
        page.get_by_role("status").get_by_text(note).wait_for()


@NEEDS_FUSE
def test_a_share_that_hangs_is_there_after_an_examination_on_request(
    visits, story, instances, tmp_path
):
    one = another_instance(instances[0], tmp_path / "home", WEBSITE_INSTANCE_ID="first")
    one.kind = "bind-then-hang"
    story.state.rows("DELETE FROM kolibri_azure_state WHERE key LIKE 'doctor_%%' RETURNING key")
    with BackgroundProcess(
        one.command(sys.executable, "-c", ROUNDS),
        environment=one.environment,
        folder=one.home,
        log_file=tmp_path / "rounds.log",
    ) as rounds:
        rounds.wait_until(lambda: len(story.outcomes(ACCESS)) == 1, "a report", PLENTY)
        # On a busy machine, it warns of a slow share.
        assert story.outcomes(ACCESS) in (["pass"], ["warn"])
        page = visits.open()
        share.hang(one.share)
        try:
            page.get_by_role("button", name="Examine now").click()
            rounds.wait_until(lambda: story.outcomes(ACCESS) == ["fail"], "another", PLENTY)
        finally:
            share.recover(one.share)

        page.reload()

        assert page.get_by_role("heading", level=1).inner_text() == "Something is broken"
        assert "hangs" in page.locator(f"[data-check='{ACCESS}']").inner_text()
