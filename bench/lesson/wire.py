"""The requests that a page sends to Kolibri's API, with names in place of ids."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

API = re.compile(r"/api/")

#: The names of what requests contain, by the keys of their bodies.
KEYS = {
    "username": "username",
    "password": "password",
    "facility": "facility",
    "node_id": "node",
    "content_id": "content",
    "channel_id": "channel",
    "lesson_id": "lesson",
}

#: The same by their addresses.
ADDRESSES = {
    name: re.compile(f"{before}([0-9a-f]{{32}})")
    for name, before in (
        ("user", "/userprogress/"),
        ("classroom", "/(?:learnerclassroom|classsummary)/"),
        ("lesson", "/learnerlesson/"),
        ("session", "/trackprogress/"),
        ("node", r"\bcontentnode_id="),
        ("facility", r"\bfacility(?:_id)?="),
    )
}


#: Times in addresses.
MOMENTS = re.compile(r"\b(after|before)=[^&]+")

#: The page is at rest when no request to the API has been open for this time.
QUIET_MS, LOOK_MS = 500, 50

#: All of a page's requests are answered before this.
SETTLE_SECONDS = 30


class Wire:
    """Collects the requests of `page` to the API at `url`."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url
        self._open: set[Request] = set()
        self._sent: list[tuple[str, str, str]] = []
        self._names: dict[str, str] = {}
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_end)
        page.on("requestfailed", self._on_end)

    def settle(self) -> None:
        """Wait until the page has asked for all it needs."""
        quiet, waited = 0, 0
        while quiet < QUIET_MS:
            self._page.wait_for_timeout(LOOK_MS)
            quiet, waited = 0 if self._open else quiet + LOOK_MS, waited + LOOK_MS
            if waited > SETTLE_SECONDS * 1000:
                raise TimeoutError(f"still open: {[request.url for request in self._open]}")

    def requests(self) -> list[dict[str, Any]]:
        """Method, address and body of each request so far, in order."""
        found = []
        for method, address, body in self._sent:
            request: dict[str, Any] = {"method": method, "address": self._named(address)}
            if body:
                request["body"] = json.loads(self._named(body))
            found.append(request)
        return found

    def _on_request(self, request: Request) -> None:
        self._open.add(request)
        if not request.url.startswith(self._url) or not API.search(urlsplit(request.url).path):
            return
        address, body = request.url[len(self._url) :], request.post_data or ""
        self._sent.append((request.method, address, body))
        for name, pattern in ADDRESSES.items():
            for identifier in pattern.findall(address):
                self._names[identifier] = name
        if body:
            known = json.loads(body)
            self._names.update({known[key]: name for key, name in KEYS.items() if known.get(key)})

    def _on_end(self, request: Request) -> None:
        self._open.discard(request)

    def _named(self, text: str) -> str:
        for identifier, name in self._names.items():
            text = text.replace(identifier, f"${name}")
        return MOMENTS.sub(r"\1=$\1", text)
