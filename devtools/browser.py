"""A headless Chromium, and the steps of a learner in Kolibri's interface."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import FrameLocator, Locator, Page, Playwright, sync_playwright

VARIABLE = "DEVTOOLS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATION_OF_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
STEP_SECONDS = 30

# No name but this machine's is found, so that nothing reaches the network.
ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


class MissingBrowserError(Exception):
    """There is no Chromium; the text says how to get one."""


@contextmanager
def browser_page(*, ignore_certificate_errors: bool = False) -> Iterator[Page]:
    """An empty page of a Chromium with a profile of its own; raises MissingBrowserError."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_find_chromium(playwright),
            # Chromium's sandbox refuses root and many containers; only this machine is visited.
            chromium_sandbox=False,
            args=ARGUMENTS,
        )
        try:
            page = browser.new_page(ignore_https_errors=ignore_certificate_errors, locale="en-US")
            page.set_default_timeout(STEP_SECONDS * 1000)
            yield page
        finally:
            browser.close()


class Learner:
    """What a learner does on a Kolibri at `url`; each step waits for what it needs."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url.rstrip("/")

    def sign_in(self, username: str, password: str | None = None) -> None:
        """Sign in; without `password` the facility must not ask for one."""
        self.page.goto(f"{self.url}/en/auth/")
        self.page.get_by_label("Username").fill(username)
        self._press("Next")
        if password is not None:
            self.page.get_by_label("Password").fill(password)
            self._press("Sign in")
        self.page.wait_for_url("**/learn/**")
        self._press("Continue")  # a greeting that covers the page

    def open_library(self) -> None:
        self._follow("Library")

    def open_channel(self, name: str) -> None:
        self.open_library()
        self._follow(name)

    def open_resource(self, title: str) -> None:
        """Open a resource, or a topic, that the page shows a card of."""
        self._follow(title)
        self.page.get_by_text(title).first.wait_for()

    def html5_page(self) -> FrameLocator:
        """The open HTML5 resource: it lies in a sandbox, both on the zip content's origin."""
        return self.page.frame_locator("iframe").frame_locator("iframe")

    def video(self) -> Locator:
        return self.page.locator("video")

    def choose_answer(self, text: str) -> None:
        """Tick one of the choices of the open exercise and have it checked.

        With the keyboard: the radio button itself lies under what the learner sees of it.
        """
        self.page.get_by_role("radio", name=re.compile(rf"\b{re.escape(text)}$")).press("Space")
        self._press("Check")

    def _press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def _follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()


def _find_chromium(playwright: Playwright) -> str:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return chosen
    found = next(filter(None, map(shutil.which, NAMES)), None)
    for candidate in (found, APPLICATION_OF_MACOS, playwright.chromium.executable_path):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise MissingBrowserError(
        f"no Chromium was found: looked for {', '.join(NAMES)} on the PATH and for Playwright's own"
        " download. Install one (Debian, Ubuntu: apt-get install chromium; anywhere: python -m "
        f"playwright install chromium), or set {VARIABLE} to the path of one"
    )
