"""What people do on a site in a container; each ends with an error where the site does not."""

from __future__ import annotations

from devtools.browser import Learner, browser_page
from devtools.channel import CHANNEL_NAME
from devtools.channel.content import TOPIC_TITLE
from devtools.container.site import Site
from devtools.kolibri_client import KolibriClient
from devtools.learning import read_the_page

LEARNER, LEARNER_PASSWORD = "learner", "learner-password"


class UnexpectedError(Exception):
    """The site answered something else than it should; the text has both."""


def user_of(session: KolibriClient) -> str:
    """Whom the site takes this browser for; empty for nobody."""
    answer = session.request("PUT", "/api/auth/session/current/", json={"active": False})
    return str(answer.json().get("username") or "") if answer.ok else ""


def require_user(session: KolibriClient, name: str) -> None:
    found = user_of(session)
    if found != name:
        raise UnexpectedError(f"the session should be {name}'s, but is {found or 'nobody'}'s")


def require_channel(session: KolibriClient) -> None:
    found = [channel["name"] for channel in session.get("/api/content/channel/", available=True)]
    if CHANNEL_NAME not in found:
        raise UnexpectedError(f"the channels should include {CHANNEL_NAME}, but are {found}")


def require_closed_doors(site: Site) -> None:
    """Try to make an account as a stranger, and to sign in as the learner without a password."""
    stranger = site.client()
    stranger.request("PUT", "/api/auth/session/current/", json={"active": False})
    facility = stranger.facility()["id"]
    account = {"username": "stranger", "password": "stranger-password", "full_name": "Stranger"}
    for path, data in (
        ("/api/auth/signup/", account),
        ("/api/public/signup/", account),
        ("/api/auth/session/", {"username": LEARNER}),
        ("/api/auth/session/", {"username": LEARNER, "password": ""}),
    ):
        answer = stranger.request("POST", path, json={**data, "facility": facility})
        if answer.ok or user_of(stranger):
            raise UnexpectedError(f"{path} should refuse a stranger, but says {answer.status_code}")


def require_second_origin(site: Site) -> None:
    """Open the HTML5 page as a learner in Chromium, and see where it came from.

    Raises MissingBrowserError.
    """
    with browser_page(ignore_certificate_errors=True) as page:
        learner = Learner(page, site.url)
        learner.sign_in(LEARNER, LEARNER_PASSWORD)
        learner.open_channel(CHANNEL_NAME)
        learner.open_resource(TOPIC_TITLE)
        origins = read_the_page(learner)
    expected = site.settings["KOLIBRI_ZIP_CONTENT_ORIGIN"]
    if origins != {expected}:
        raise UnexpectedError(f"the page should come from {expected}, but is from {origins}")
