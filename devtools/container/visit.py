"""Visits to a site in a container; each raises an error if the site misbehaves."""

from __future__ import annotations

from devtools.browser import Learner, browser_page
from devtools.channel import CHANNEL_NAME
from devtools.channel.content import TOPIC_TITLE
from devtools.container.container import Container
from devtools.container.site import Site
from devtools.kolibri_client import KolibriClient
from devtools.learner_steps import read_page

LEARNER, LEARNER_PASSWORD = "learner", "learner-password"


class UnexpectedError(Exception):
    """The site gave an unexpected answer. The text shows it and the expected one."""


def user_of(session: KolibriClient) -> str:
    """The signed-in user of this browser; empty if there is none."""
    answer = session.request("PUT", "/api/auth/session/current/", json={"active": False})
    return str(answer.json().get("username") or "") if answer.ok else ""


def require_user(session: KolibriClient, name: str) -> None:
    found = user_of(session)
    if found != name:
        raise UnexpectedError(
            f"the session should be that of {name}, but is that of {found or 'no user'}"
        )


def require_channel(session: KolibriClient) -> None:
    found = [channel["name"] for channel in session.get("/api/content/channel/", available=True)]
    if CHANNEL_NAME not in found:
        raise UnexpectedError(f"the channels should include {CHANNEL_NAME}, but are {found}")


def require_private_facility(site: Site) -> None:
    """Check that a visitor can neither sign up nor sign in as the learner without a password."""
    visitor = site.client()
    visitor.request("PUT", "/api/auth/session/current/", json={"active": False})
    facility = visitor.facility()["id"]
    account = {"username": "visitor", "password": "visitors-password", "full_name": "Visitor"}
    for path, data in (
        ("/api/auth/signup/", account),
        ("/api/public/signup/", account),
        ("/api/auth/session/", {"username": LEARNER}),
        ("/api/auth/session/", {"username": LEARNER, "password": ""}),
    ):
        answer = visitor.request("POST", path, json={**data, "facility": facility})
        if answer.ok or user_of(visitor):
            raise UnexpectedError(
                f"{path} should refuse a visitor, but answers {answer.status_code}"
            )


def require_backup(container: Container) -> None:
    """Make a backup with the programs of the image, and verify it."""
    entrypoint = "/opt/kolibri/container/entrypoint"
    command = (entrypoint, "kolibri", "manage", "azure_backup")
    made = container.execute(*command, "create")
    if made.code:
        raise UnexpectedError(f"no backup was made:\n{made.output}")
    verified = container.execute(*command, "verify", made.output.split()[-1])
    if verified.code:
        raise UnexpectedError(f"the backup can't be verified:\n{verified.output}")


def require_content_origin(site: Site) -> None:
    """Open the HTML5 page as a learner in Chromium, and check its origin.

    Raises MissingBrowserError.
    """
    with browser_page(ignore_certificate_errors=True) as page:
        learner = Learner(page, site.url)
        learner.sign_in(LEARNER, LEARNER_PASSWORD)
        learner.open_channel(CHANNEL_NAME)
        learner.open_resource(TOPIC_TITLE)
        origins = read_page(learner)
    expected = site.settings["KOLIBRI_ZIP_CONTENT_ORIGIN"]
    if origins != {expected}:
        raise UnexpectedError(f"the page should come from {expected}, but is from {origins}")
