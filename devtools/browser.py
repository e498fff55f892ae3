"""A headless Chromium, and a learner's steps in Kolibri's interface."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, FrameLocator, Locator, Page, Playwright, sync_playwright

VARIABLE = "DEVTOOLS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATION_OF_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
STEP_SECONDS = 90

# Only this machine's names resolve, so that nothing reaches the network.
ARGUMENTS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


class MissingBrowserError(Exception):
    """There is no Chromium. The text says how to get one."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A Chromium; raises MissingBrowserError."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_find_chromium(playwright),
            # The sandbox fails as root and in many containers, and all pages are local.
            chromium_sandbox=False,
            args=ARGUMENTS,
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def browser_page(*, ignore_certificate_errors: bool = False) -> Iterator[Page]:
    """An empty page in a Chromium with a new profile; raises MissingBrowserError."""
    with running_browser() as browser:
        page = browser.new_page(ignore_https_errors=ignore_certificate_errors, locale="en-US")
        page.set_default_timeout(STEP_SECONDS * 1000)
        yield page


class Learner:
    """A learner on the Kolibri at `url`; each step waits for the elements that it needs."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url.rstrip("/")

    def sign_in(self, username: str, password: str | None = None) -> None:
        """Sign in; without `password`, the facility must not require one."""
        self.page.goto(f"{self.url}/en/auth/")
        self.page.get_by_label("Username").fill(username)
        self._press("Next")
        if password is not None:
            self.page.get_by_label("Password").fill(password)
            self._press("Sign in")
        self.page.wait_for_url("**/learn/**")
        self.dismiss_greeting()

    def dismiss_greeting(self) -> None:
        """Close the greeting that covers the page after the first sign-in."""
        self._press("Continue")

    def follow(self, name: str) -> None:
        """Follow the first link with this name."""
        self.page.get_by_role("link", name=name).first.click()

    def open_library(self) -> None:
        self.follow("Library")

    def open_channel(self, name: str) -> None:
        self.open_library()
        self.follow(name)

    def open_resource(self, title: str) -> None:
        """Open a resource or topic whose card is on the page."""
        self.follow(title)
        self.page.get_by_text(title).first.wait_for()

    def html5_page(self) -> FrameLocator:
        """The open HTML5 resource. It is in a sandbox; both have the zip content's origin."""
        return self.page.frame_locator("iframe").frame_locator("iframe")

    def video(self) -> Locator:
        return self.page.locator("video")

    def choose_answer(self, text: str) -> None:
        """Select one of the choices of the open exercise and check it.

        Uses the keyboard, because another element covers the radio button.
        """
        self.page.get_by_role("radio", name=re.compile(rf"\b{re.escape(text)}$")).press("Space")
        self._press("Check")

    def _press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


def _find_chromium(playwright: Playwright) -> str:
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return chosen
    found = next(filter(None, map(shutil.which, NAMES)), None)
    for candidate in (found, APPLICATION_OF_MACOS, playwright.chromium.executable_path):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise MissingBrowserError(
        f"no Chromium was found: looked for {', '.join(NAMES)} on the PATH and for Playwright's"
        " download. Install one (Debian, Ubuntu: apt-get install chromium; anywhere: python -m "
        f"playwright install chromium), or set {VARIABLE} to the path of one"
    )
