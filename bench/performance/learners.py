"""The learners of the class: their sessions, their requests, and the expected answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.performance.school import LEARNERS, PASSWORD
from devtools.channel import CHANNEL_NAME
from devtools.kolibri_client import KolibriClient

LEARN_PAGE = "/en/learn/"
OWN_USER = "/api/auth/facilityuser/"

#: A browser's headers, so that the measurements include compression.
HEADERS = {
    "Accept-Encoding": "gzip, deflate, br",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0",
}


class WrongAnswerError(Exception):
    """A side gave an unexpected answer."""


@dataclass(frozen=True)
class Learner:
    """A signed-in learner; `cookies` by name."""

    name: str
    id: str
    cookies: dict[str, str]

    @property
    def mix(self) -> tuple[str, ...]:
        """The paths that a learner's browser requests, each once."""
        return (
            LEARN_PAGE,
            "/learn/api/state",
            "/api/content/channel/",
            f"{OWN_USER}{self.id}/",
            "/api/public/info/",
        )

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def sign_in(url: str, names: Sequence[str] = LEARNERS, password: str = PASSWORD) -> list[Learner]:
    """Sign in the whole class, or the given users."""
    learners = []
    for name in names:
        client = KolibriClient(url)
        session = client.sign_in(name, password)
        cookies = {cookie.name: str(cookie.value) for cookie in client.session.cookies}
        learners.append(Learner(name, session["user_id"], cookies))
    return learners


def essentials(url: str, learner: Learner) -> dict[str, Any]:
    """The answers of the mix, without parts that differ between installations.

    :raises WrongAnswerError: if an answer is not what a learner should see.
    """
    client = KolibriClient(url)
    client.session.headers.update({**HEADERS, "Cookie": learner.cookie_header})
    page, state, channels, user, info = (
        _answer(client, path, as_json=path != LEARN_PAGE) for path in learner.mix
    )
    _expect([channel["name"] for channel in channels] == [CHANNEL_NAME], channels)
    _expect(state["in_classes"] is True, state)
    _expect(user["id"] == learner.id and user["username"] == learner.name, user)
    _expect(info["application"] == "kolibri", info)
    scripts = re.findall(r"<script[^>]* src=\"?[^\" >]*/([^/\" >?]+\.js)", page)
    _expect(len(scripts) > 1, page)
    return {
        # Their order changes with each start of Kolibri.
        "scripts of the page": sorted(name for name in scripts if name.startswith("kolibri.")),
        "state": state,
        "channels": channels,
        "user": user,
        "info": {name: info[name] for name in ("application", "kolibri_version", "device_name")},
    }


def _answer(client: KolibriClient, path: str, *, as_json: bool) -> Any:
    answer = client.request("GET", path, allow_redirects=False)
    _expect(answer.status_code == 200, f"{path} answered {answer.status_code}")
    return answer.json() if as_json else answer.text


def _expect(condition: bool, found: Any) -> None:
    if not condition:
        raise WrongAnswerError(f"not what a learner has to see: {str(found)[:500]}")
