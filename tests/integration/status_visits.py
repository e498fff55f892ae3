"""Visits to the administrator's page in Chromium, each by one of the people of a school."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from devtools.browser import MissingBrowserError, running_browser
from devtools.deployment import LEARNER, LEARNER_PASSWORD, SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

PAGE = "/azure/status/"

SUPER, ADMIN, COACH, LEARNING, NOBODY = SUPERUSER, "facility_admin", "coach", LEARNER, ""

#: For a page on a busy machine.
PATIENCE_SECONDS = 120

#: Width and height.
DESKTOP, PHONE, SMALL_PHONE = (1280, 900), (390, 844), (320, 640)

#: What Chromium says about a page that is not for this visitor.
REFUSAL = "the server responded with a status of 403"

MENU = "[data-onboarding-id=menubar]"
ENTRIES = ".side-nav [data-testid=side-nav-item]"
OWN_ENTRY = f'.side-nav a[href="{PAGE}"]'

#: A page of Kolibri with the menu, for each visitor.
HOMES = {ADMIN: "/en/facility/", COACH: "/en/coach/", LEARNING: "/en/learn/", NOBODY: "/en/learn/"}


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    try:
        with running_browser() as browser:
            yield browser
    except MissingBrowserError as error:
        pytest.skip(str(error))


class School:
    """The accounts of a site, and their sessions.

    :param url: the site's address.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._sessions: dict[tuple[str, str], KolibriClient] = {}
        self._passwords = {SUPER: SUPERUSER_PASSWORD, LEARNING: LEARNER_PASSWORD}

    def hire(self, name: str, kind: str) -> None:
        """Create an account with a role for the whole facility."""
        administrator = self.session(SUPER)
        self._passwords[name] = "staff-password"
        account = administrator.create_learner(name, self._passwords[name], name)
        role = {"user": account["id"], "collection": account["facility"], "kind": kind}
        administrator.post("/api/auth/role/", role)

    def session(self, name: str, language: str = "en") -> KolibriClient:
        """The session of somebody who reads Kolibri in this language."""
        if (name, language) not in self._sessions:
            client = KolibriClient(self._url)
            if name:
                client.sign_in(name, self._passwords[name])
            client.request("GET", "/en/auth/")
            client.request("POST", "/en/i18n/setlang/", data={"language": language})
            self._sessions[name, language] = client
        return self._sessions[name, language]


@dataclass
class Visits:
    """The visits of several tests, in which everybody has a browser's profile.

    :param problems: what the browser has complained about.
    """

    browser: Browser
    school: School
    urls: list[str]
    problems: list[str] = field(default_factory=list)
    _profiles: dict[tuple[Any, ...], BrowserContext] = field(default_factory=dict)

    def begin(
        self,
        name: str = SUPER,
        *,
        url: str = "",
        language: str = "en",
        size: tuple[int, int] = DESKTOP,
        new: bool = False,
        **options: Any,
    ) -> Page:
        """An empty page in a browser in which this person has signed in.

        :param url: of one instance; empty for the first.
        :param new: whether in a profile that no other visit uses.
        :param options: of the profile, such as `java_script_enabled`.
        """
        url = url or self.urls[0]
        key = (name, language, size, url, *options.items(), *([len(self._profiles)] if new else []))
        if key not in self._profiles:
            self._profiles[key] = self._profile(name, language, size, url, options)
        return self._profiles[key].new_page()

    def _profile(
        self,
        name: str,
        language: str,
        size: tuple[int, int],
        url: str,
        options: dict[str, Any],
    ) -> BrowserContext:
        viewport = {"width": size[0], "height": size[1]}
        context = self.browser.new_context(viewport=viewport, locale="en-US", **options)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        cookies = self.school.session(name, language).session.cookies
        context.add_cookies(
            [{"name": each.name, "value": each.value, "url": url} for each in cookies]
        )
        return context

    def open(self, name: str = SUPER, *, url: str = "", **options: Any) -> Page:
        """The administrator's page, as this person sees it. The browser must not complain."""
        page = self.begin(name, url=url, **options)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto((url or self.urls[0]) + PAGE)
        page.wait_for_load_state("networkidle")
        return page

    def end(self) -> None:
        """Close the pages of a test."""
        for profile in self._profiles.values():
            for page in profile.pages:
                page.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and REFUSAL not in text:
            self.problems.append(text)


def inaccessible(page: Page) -> str:
    """What axe finds on the page as it is; empty if nothing."""
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    overhang: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return overhang


def assert_shown(page: Page, problem: dict[str, str]) -> None:
    """Its message, cause and remedy, and a link to the documentation."""
    shown = page.locator(f"[data-check='{problem['id']}']")
    for text in (problem["message"], problem["cause"], problem["remedy"]):
        assert " ".join(text.split()) in " ".join(shown.inner_text().split())
    assert shown.locator(f"a[href='{problem['docs']}']").is_visible()
