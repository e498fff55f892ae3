"""A stock Kolibri with two channels, and instances whose library is filled from it."""

from __future__ import annotations

import contextlib
import dataclasses
import json

from devtools.channel import CHANNEL_ID, make_channel
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_process import Kolibri
from devtools.studio import Studio
from kolibri_azure_plugin.content.first_content.records import INTERVAL, JOB_ID, KEY, PAUSE, job_of
from tests.integration.channel_files import another
from tests.integration.workers import WORKER

TOKEN = "nakav-mafak"
COLLECTION = "lusab-babad"
UNKNOWN = "zutuh-hubag"

CHECK = "azure.kolibri.channels"

#: Seconds for an import on a busy machine.
PLENTY = 120

#: The resources of each channel that can be shown.
AVAILABLE = """
    SELECT replace(channel_id::text, '-', ''), count(*) FROM content_contentnode
    WHERE available AND kind <> 'topic' GROUP BY 1
"""

DUE_NOW = """
    UPDATE jobs SET scheduled_time = clock_timestamp() WHERE id = %s AND state = 'QUEUED'
    RETURNING id
"""

FAILED_EARLIER = """
    UPDATE kolibri_azure_state SET value = jsonb_set(
        value, %s, to_jsonb((value #>> %s)::float8 - %s)) WHERE key = %s RETURNING key
"""

#: The regular job is due later than it was before the workers started, or is over.
ROUND_MADE = """
    SELECT 1 FROM jobs WHERE id = %s AND (
        state = 'QUEUED' AND scheduled_time > %s + make_interval(secs => %s)
        OR state = 'COMPLETED' AND scheduled_time > %s
    )
"""


@dataclasses.dataclass(frozen=True)
class Source:
    """The stock Kolibri.

    :param second: the id of the second channel.
    :param folder: its content folder.
    """

    url: str
    second: str
    folder: str

    @property
    def ids(self):
        return [CHANNEL_ID, self.second]

    def studio(self, **options):
        tokens = {TOKEN.replace("-", ""): [CHANNEL_ID], COLLECTION.replace("-", ""): self.ids}
        return Studio(self.url, tokens, **options)


@dataclasses.dataclass(frozen=True)
class StudioHome:
    """The home of such a Kolibri, which serves one module after the other.

    :param second: the id of the second channel.
    """

    kolibri: Kolibri
    second: str

    @classmethod
    def make(cls, folder):
        kolibri = Kolibri(folder / "home")
        kolibri.provision(username=SUPERUSER, password=SUPERUSER_PASSWORD, preset="formal")
        second, drive = another(folder / "second")
        kolibri.import_channel(CHANNEL_ID, make_channel(folder / "first"))
        kolibri.import_channel(second, drive)
        return cls(kolibri, second)

    @contextlib.contextmanager
    def source(self):
        with self.kolibri.start() as server:
            server.wait_until_serving()
            yield Source(server.url, self.second, str(self.kolibri.home / "content"))


class Rounds:
    """The workers' rounds from now on."""

    def __init__(self, rows):
        self._rows = rows
        self._since = rows("SELECT clock_timestamp()")[0][0]

    def wait(self, process):
        values = (JOB_ID, self._since, INTERVAL, self._since)
        process.wait_until(lambda: self._rows(ROUND_MADE, values), "a round", PLENTY)


class Library:
    """A fleet's instances, which share a content folder, and its database."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.content = fleet.folder / "content"
        self.content.mkdir()
        fleet.settings["KOLIBRI_CONTENT_DIR"] = str(self.content)
        fleet.settings["KOLIBRI_AZURE_CONTENT_MOUNT"] = str(self.content)

    def instance(self, studio, *channels, name="one"):
        settings = {
            "KOLIBRI_CENTRAL_CONTENT_BASE_URL": studio.url,
            "KOLIBRI_AZURE_CHANNELS": ",".join(channels),
        }
        return self.fleet.instance(name, settings)

    @contextlib.contextmanager
    def working(self, kolibri, log="worker.log"):
        """The workers of an instance."""
        self._rounds = Rounds(self.rows)
        with kolibri.begin(*WORKER, log=log) as worker:
            yield worker

    def wait_for_round(self, worker):
        """Wait until the workers have made a round since they started."""
        self._rounds.wait(worker)

    def make_round(self, worker):
        """Have the workers make a round now."""
        rounds = Rounds(self.rows)
        worker.wait_until(lambda: self.rows(DUE_NOW, (JOB_ID,)), "the regular job", PLENTY)
        rounds.wait(worker)

    def pass_pause(self, channel_id):
        """Make the failure of an import as old as it has to be for another attempt."""
        path = ["channels", channel_id, "failed_at"]
        assert self.rows(FAILED_EARLIER, (path, path, PAUSE, KEY))

    def wait_for(self, worker, *channel_ids):
        """Wait until these channels are there, and their imports have ended."""

        def imported():
            states = {self.job(each) for each in channel_ids}
            return set(channel_ids) <= set(self.available()) and states <= {"COMPLETED", None}

        worker.wait_until(imported, "the channels", PLENTY)

    def rows(self, statement, values=()):
        return self.fleet.postgres.execute(statement, values, database=self.fleet.database)

    def available(self):
        return dict(self.rows(AVAILABLE))

    def job(self, channel_id):
        rows = self.rows("SELECT state FROM jobs WHERE id = %s", (job_of(channel_id),))
        return rows[0][0] if rows else None

    def examined(self, studio, *channels):
        """What the doctor says of the channels."""
        kolibri = self.instance(studio, *channels)
        told = kolibri.run("manage", "azure_check", "--format", "json", "--only", CHECK)
        entries = json.loads(told.stdout)["checks"]
        return next(entry for entry in entries if entry["id"] == CHECK)
