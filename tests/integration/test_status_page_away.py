"""The administrator's page in Chromium, opened before its site goes away and comes back."""

from __future__ import annotations

import pytest

from devtools.browser import MissingBrowserError, running_browser
from devtools.instances import start_gunicorn
from devtools.ports import free_port

from .status_visits import PHONE, School, Visits, inaccessible, sideways

pytestmark = [pytest.mark.slow, pytest.mark.browser]

STALE = "#stale"

#: Milliseconds after which the page has refreshed itself once more.
ONE_REFRESH = 31_000

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class Site:
    """The web server of an instance, always on the same port."""

    def __init__(self, instance, postgres):
        self._instance, self._postgres = instance, postgres
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._server = None

    def start(self):
        self._server = start_gunicorn(self._instance, f"--bind=127.0.0.1:{self._port}")
        self._server.url = self.url
        self._server.wait_until_serving()

    def stop(self):
        self._server.kill()

    def stop_database(self):
        self._allow_connections("false")
        self._postgres.execute(END_SESSIONS, (self._instance.database,))

    def start_database(self):
        self._allow_connections("true")

    def _allow_connections(self, allowed):
        name = self._instance.database
        self._postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {allowed}')


@pytest.fixture(scope="module")
def site(instances, postgres):
    site = Site(instances[0], postgres)
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def visits(site):
    try:
        with running_browser() as browser:
            yield Visits(browser, School(site.url), [site.url])
    except MissingBrowserError as error:
        pytest.skip(str(error))


GOES_AND_COMES = {
    "server": (Site.stop, Site.start),
    "database": (Site.stop_database, Site.start_database),
}


@pytest.mark.parametrize(
    ("what", "language", "said"),
    [
        ("server", "ar", "تعذّر تحديث هذه الصفحة."),
        ("database", "en", "This page could not be refreshed."),
    ],
)
def test_an_open_page_says_that_it_is_old_while_the_site_is_away(
    what, language, said, site, visits
):
    go, come_back = GOES_AND_COMES[what]
    page = visits.begin(language=language, size=PHONE, new=True)
    refused = []
    page.on(
        "console",
        lambda message: refused.append(message.text) if "Policy" in message.text else None,
    )
    page.clock.install()
    page.goto(site.url + "/azure/status/")
    banner = page.locator(STALE)
    assert banner.is_hidden()

    go(site)
    try:
        page.clock.run_for(ONE_REFRESH)
        banner.wait_for(state="visible")
        assert said in banner.inner_text()
        assert page.get_by_role("status").filter(has_text=said).is_visible()
        assert inaccessible(page) == ""
        assert sideways(page) == 0
    finally:
        come_back(site)

    page.clock.run_for(ONE_REFRESH)
    banner.wait_for(state="hidden")
    assert page.locator("#headline").is_visible()
    assert refused == []
