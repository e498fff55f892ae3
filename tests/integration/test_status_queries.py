"""What one page for the administrator queries, and what it shows of Kolibri's own records."""

from __future__ import annotations

import json
import re

import pytest

from devtools.deployment import FACILITY, SUPERUSER

from .status_answers import PAGE, REPORT, Document, answers_of_script
from .status_states import WELL
from .trial_deployment import trial_deployment

pytestmark = pytest.mark.slow

#: Database statements of one page, its visitor's session included.
MAX_STATEMENTS = 16

#: The schools whose line has broken an hour ago or more, and those whose sync goes on.
INTERRUPTED = ["Cut School", "Closed School"]
GOING_ON = ["Syncing School", "Ending School"]

INSIDE = """
import json, time, uuid
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from devtools.story import story_of
from kolibri.core.auth.models import Facility, FacilityUser
from morango.models import SyncSession, TransferSession

with story_of({url!r}) as story:
    story.report(json.loads({checks!r}), ["first", "second"])
    story.announce(["first", "second"])
    story.use(["first", "second"])

def sync(facility, hours_ago, stage, status, active=False):
    when = timezone.now() - timezone.timedelta(hours=hours_ago)
    times = {{"start_timestamp": when, "last_activity_timestamp": when, "active": active}}
    session = SyncSession.objects.create(id=uuid.uuid4().hex, profile="facilitydata", **times)
    TransferSession.objects.create(
        id=uuid.uuid4().hex, sync_session=session, filter=facility.dataset_id, push=True,
        transfer_stage=stage, transfer_stage_status=status, **times)

school = Facility.get_default_facility()
other = Facility.objects.create(name="Other School")
Facility.objects.create(name="Never Synced")
cut, closed, syncing, ending = (Facility.objects.create(name=name) for name in {others!r})
for facility in (school, other, cut, closed, syncing, ending):
    sync(facility, 30, "cleanup", "completed")
sync(school, 40, "deserializing", "errored")
sync(school, 41, "transferring", "pending")
sync(other, 3, "deserializing", "errored")
sync(cut, 2, "transferring", "pending", active=True)
sync(closed, 2, "queuing", "completed")
sync(syncing, 0.5, "transferring", "pending", active=True)
sync(ending, 0.1, "cleanup", "pending")

client = Client(HTTP_HOST="localhost")
client.force_login(FacilityUser.objects.get(username={user!r}))
client.get({page!r})
with CaptureQueriesContext(connection) as queries:
    begun = time.process_time()
    answer = client.get({page!r})
    spent = time.process_time() - begun
statements = [each["sql"] for each in queries]
print("ANSWERS", json.dumps([answer.content.decode(), statements, spent]))
"""


@pytest.fixture(scope="module")
def inside(copied):
    """The page with a day of two instances in the tables, its statements, and its seconds."""
    with copied() as (deployment, _):
        script = INSIDE.format(
            user=SUPERUSER,
            url=deployment.database_url,
            checks=json.dumps(WELL),
            page=PAGE,
            others=[*INTERRUPTED, *GOING_ON],
        )
        return answers_of_script(deployment, script)


def test_one_page_makes_few_statements(inside, counts):
    _, statements, seconds = inside

    counts(f"the page: {len(statements)} statements, {seconds * 1000:.0f} ms of processor time")
    assert 0 < len(statements) <= MAX_STATEMENTS
    assert all(re.match(r"\s*SELECT\b", each) for each in statements), "it only reads"


def test_it_shows_the_last_sync_of_each_school_and_which_one_is_failing(inside):
    page, _, _ = inside
    rows = Document(re.search(r'id="syncs".*?</table>', page, re.DOTALL).group()).text

    assert rows.index(FACILITY) < rows.index("Other School")
    assert rows.count("1 d ago") == 6
    assert "Never Synced" not in rows
    text = Document(page).text
    assert "The last sync of Other School failed or was interrupted." in text
    assert f"The last sync of {FACILITY} failed" not in text
    assert "Kolibri works, but something needs attention" in text


def test_a_sync_that_was_interrupted_is_a_failure_and_one_that_goes_on_is_none(inside):
    text = Document(inside[0]).text

    for school in INTERRUPTED:
        assert f"The last sync of {school} failed or was interrupted." in text
    for school in GOING_ON:
        assert f"The last sync of {school} failed" not in text


ON_SQLITE = """
import json
from django.test import Client
from kolibri.core.auth.models import FacilityUser
client = Client(HTTP_HOST="localhost")
client.force_login(FacilityUser.objects.get(username="admin"))
print("ANSWERS", json.dumps([client.get(path).content.decode() for path in {paths!r}]))
"""


def test_a_test_deployment_on_sqlite_says_that_nothing_is_stored(tmp_path, provisioned):
    instance = trial_deployment(provisioned, tmp_path / "sqlite")

    page, report = answers_of_script(instance, ON_SQLITE.format(paths=[PAGE, REPORT]))

    text = Document(page).text
    assert "A test deployment without stored checks" in text
    assert "Examine now" not in text
    assert "Background jobs" in text
    assert json.loads(report) == {"reports": []}
