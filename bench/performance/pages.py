"""The bytes that a learner's browser loads for the learn page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from bench.performance.learners import LEARN_PAGE, Learner
from devtools.browser import browser_page

#: Kolibri lets browsers cache a page for 15 seconds. After that they revalidate it.
KEPT_SECONDS = 16

#: The page is loaded if it sends no request for this many milliseconds.
SETTLED = 2000

FONT = "Font"


@dataclass
class Visit:
    """Bytes that Chromium received, including headers, by type of resource."""

    by_type: dict[str, float] = field(default_factory=dict)

    @property
    def fonts(self) -> float:
        return self.by_type.get(FONT, 0)

    @property
    def total(self) -> float:
        return sum(self.by_type.values())


def visits(url: str, learner: Learner) -> tuple[Visit, Visit]:
    """Open the learn page with an empty cache, and again later."""
    with browser_page() as page:
        page.context.add_cookies(
            [{"name": name, "value": value, "url": url} for name, value in learner.cookies.items()]
        )
        wire = Wire(page)
        first = wire.visit(url)
        page.goto("about:blank")
        page.wait_for_timeout(KEPT_SECONDS * 1000)
        return first, wire.visit(url)


class Wire:
    """The traffic between a page and its server.

    Events: https://chromedevtools.github.io/devtools-protocol/tot/Network/
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._visit = Visit()
        self._types: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.responseReceived", self._response)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    def visit(self, url: str) -> Visit:
        self._visit = Visit()
        self._page.goto(url + LEARN_PAGE)
        self._page.wait_for_url("**/learn/#/home*")
        self._page.wait_for_load_state("networkidle")
        self._page.wait_for_timeout(SETTLED)
        return self._visit

    def _response(self, event: dict[str, Any]) -> None:
        if not event["response"]["url"].startswith("data:"):
            self._types[event["requestId"]] = event["type"]

    def _finished(self, event: dict[str, Any]) -> None:
        """Record a finished answer; its length is 0 if it came from the cache."""
        kind = self._types.get(event["requestId"])
        if kind is not None:
            before = self._visit.by_type.get(kind, 0)
            self._visit.by_type[kind] = before + event["encodedDataLength"]
