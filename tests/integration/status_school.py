"""A school's deployment, and the administrator's page as its people get it."""

from __future__ import annotations

import contextlib
import dataclasses

from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD, Deployment
from devtools.kolibri_client import KolibriClient
from devtools.story import Story, story_of

from .serving import gunicorn
from .status_answers import PAGE, Document
from .status_states import WELL

INSTANCES = ["first", "second"]

COACH, COACH_PASSWORD = "coach", "coach-password"


@dataclasses.dataclass
class School:
    """A deployment whose share can hang, and one of its two instances, which serves it.

    :param story: what the deployment has stored about itself.
    """

    deployment: Deployment
    url: str
    story: Story

    @contextlib.contextmanager
    def well(self):
        """All is well, and the deployment is used; at the end, most changes are undone."""
        self.story.announce(INSTANCES)
        self.story.report(WELL, INSTANCES, hours_ago=2)
        yield self.story
        self.story.forget_jobs()
        self.story.state.rows(
            "DELETE FROM kolibri_azure_state WHERE key = 'target_version' RETURNING key"
        )


@contextlib.contextmanager
def begin_school(copied):
    """Such a school with a coach."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        deployment.kind = "bind-then-hang"
        with (
            gunicorn(deployment, "--workers=1") as server,
            story_of(deployment.database_url) as story,
        ):
            _hire_coach(server.url)
            story.use(INSTANCES, hours=2)
            story.report(WELL, INSTANCES, hours_ago=2)
            yield School(deployment, server.url, story)


def _hire_coach(url):
    administrator = signed_in(url)
    account = administrator.create_learner(COACH, COACH_PASSWORD, COACH)
    role = {"user": account["id"], "collection": account["facility"], "kind": "coach"}
    administrator.post("/api/auth/role/", role)


def signed_in(url, name=SUPERUSER, password=SUPERUSER_PASSWORD):
    client = KolibriClient(url)
    client.sign_in(name, password)
    return client


def shown(client, **options):
    """The page, which must be there."""
    answer = client.request("GET", PAGE, **options)
    assert answer.status_code == 200, answer.text[:500]
    return Document(answer.text)


def ailing(check, **changes):
    """The reports of a healthy deployment with one outcome changed."""
    return [{**each, **changes} if each["id"] == check else each for each in WELL]
