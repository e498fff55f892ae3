"""A site with much for its workers to clean up."""

from __future__ import annotations

import contextlib
import os
import time

import requests

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import another_instance, start_gunicorn
from devtools.kolibri_client import KolibriClient
from devtools.kolibri_process import LOOPBACK_ONLY
from devtools.process import BackgroundProcess
from tests.integration.serving import zip_content_server
from tests.integration.test_media import COLUMNS, run_on_media

TASKS = "/api/tasks/tasks/"
OFTEN, EVERYTHING = "azure_remove_often", "azure_clean_up"

FINISHED = """
    INSERT INTO jobs (id, state, func, priority, queue, saved_job, "interval", repeat,
                      scheduled_time)
    SELECT name || number, state, func, 10, 'kolibri',
           json_build_object('job_id', name || number, 'state', state, 'func', func)::text,
           0, 0, now() - interval '30 days'
    FROM generate_series(1, %s) number,
         (VALUES (%s, %s, %s)) each (name, func, state)
"""

IMPORT = "kolibri.core.auth.tasks.importusersfromcsv"

PASSWORD = "a-password-that-was-uploaded"
LIST = f"{COLUMNS}\n,newcomer,{PASSWORD},New Comer,LEARNER,,,,,\n"
MINUTES = 60

ON_A_SHARE_THAT_HANGS = """
from pathlib import Path
from django.conf import settings
from devtools import share
from devtools.deadline import wait_until
from kolibri_azure_plugin.content.mounts import mounted_at
from kolibri_azure_plugin.errors import ContentShareError
from kolibri_azure_plugin.housekeeping import periods, uploads
uploads.TIMEOUT = 1
share.hang(Path({media!r}))
wait_until(lambda: mounted_at(settings.MEDIA_ROOT).type.startswith("fuse"), "the hang", 20)
try:
    uploads.remove_old_uploads(periods.PERIODS)
except ContentShareError as error:
    print("FOUND", error.code)
"""

SUMMARIES = """
from kolibri_azure_plugin.housekeeping.rounds import EVERYTHING, summary_of
for count in (1, 2):
    print(count, "REMOVED", summary_of({name: count for name, _ in EVERYTHING}))
"""


class Site:
    """A web server and workers of one deployment, and access to its database."""

    def __init__(self, deployment, postgres, server, zip_server, temporary):
        self._deployment = deployment
        self._postgres = postgres
        self.url = server.url
        self.zip_url = zip_server.url
        self.temporary = temporary
        self.uploads = deployment.home / "media" / "temp"
        self.client = KolibriClient(server.url)
        self.client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)

    def rows(self, statement, *values):
        database = self._deployment.database
        return self._postgres.execute(statement, values, database=database)

    def count(self, table, condition="true", *values):
        return self.rows(f"SELECT count(*) FROM {table} WHERE {condition}", *values)[0][0]

    def jobs(self, **condition):
        [(column, value)] = condition.items()
        return self.count("jobs", f"{column} = %s", value)

    def add_jobs(self, count, name, function, state="COMPLETED"):
        self.rows(FINISHED, count, name, function, state)

    def backdate_jobs(self, period, like="%"):
        """Make jobs look as if they had finished that much earlier."""
        age = "UPDATE jobs SET time_updated = time_updated - %s::interval WHERE id LIKE %s"
        self.rows(age, period, like)

    def shell(self, script):
        return self._deployment.require("manage", "--skip-update", "shell", "-c", script)

    @property
    def log(self):
        """What the workers have logged."""
        return (self._deployment.home / "worker.log").read_text()

    def shell_on_media(self, kind, media, script):
        """Run a script on an instance whose folder for uploads is a share of this kind."""
        instance = another_instance(self._deployment, self._deployment.home.parent / kind)
        return run_on_media(instance, kind, media, "manage", "--skip-update", "shell", "-c", script)

    def run_round(self, job=EVERYTHING):
        """Make the job due now, and wait until the workers have done it."""

        def ended():
            found = self.rows("SELECT state, scheduled_time > now() FROM jobs WHERE id = %s", job)
            return found == [("QUEUED", True)]

        wait_until(ended, "the round to be scheduled", 60)
        self.rows("UPDATE jobs SET scheduled_time = now() WHERE id = %s", job)
        wait_until(ended, "the round to end", 60)

    def upload(self, text=LIST, **options):
        """Start an import of a list, as the interface does; returns the job and the file."""
        before = set(self.uploads.glob("*")) if self.uploads.exists() else set()
        task = {"type": IMPORT, "facility": self.client.facility()["id"], "locale": "en"}
        answer = self.client.request(
            "POST", TASKS, data={**task, **options}, files={"csvfile": ("users.csv", text)}
        )
        assert answer.ok, answer.text
        job = answer.json()["id"]
        added = set(self.uploads.glob("*")) - before
        return job, next(iter(added), None)

    def wait_for(self, job):
        ends = ("COMPLETED", "FAILED")
        wait_until(lambda: self.client.get(f"{TASKS}{job}/")["status"] in ends, "the job", 60)


def backdate(path, minutes):
    then = time.time() - minutes * MINUTES
    os.utime(path, (then, then))


@contextlib.contextmanager
def begin_site(copied, postgres, temporary):
    """Such a site, whose temporary folder has uploads of killed processes."""
    with copied() as (made, _), contextlib.ExitStack() as stack:
        deployment = another_instance(
            made, made.home.parent / "site", KOLIBRI_AZURE_HTTPS_PROXY="false"
        )
        for name, minutes in (("tmpkilled1.upload.csv", 31), ("tmpgoingon.upload.csv", 29)):
            (temporary / name).write_text(LIST)
            backdate(temporary / name, minutes)
        server = stack.enter_context(start_gunicorn(deployment))
        worker = BackgroundProcess(
            deployment.kolibri("manage", "--skip-update", "azure_worker"),
            environment={
                **LOOPBACK_ONLY, **deployment.environment, "TMPDIR": str(temporary),
            },
            folder=deployment.home,
            log_file=deployment.home / "worker.log",
        )  # fmt: skip
        stack.enter_context(worker)
        server.wait_until_serving()
        zip_server = stack.enter_context(zip_content_server(deployment))
        yield Site(deployment, postgres, server, zip_server, temporary)


def as_written(client, path):
    """Request an address unchanged; the library requests would resolve its dots."""
    prepared = client.session.prepare_request(requests.Request("GET", client.url + path))
    prepared.url = client.url + path
    return client.session.send(prepared, timeout=30)


def addresses(file, job, facility):
    """Where somebody may look for an uploaded list."""
    name = file.name
    return (
        f"/media/temp/{name}",
        f"/media//temp/{name}",
        f"/media/log_export/../temp/{name}",
        f"/media/%2e%2e/media/temp/{name}",
        f"/static/../media/temp/{name}",
        f"/content/../media/temp/{name}",
        f"/content/storage/../../media/temp/{name}",
        f"/content/databases/{name}",
        f"/content/zipcontent/{name}/",
        f"/zipcontent/{name}",
        f"/temp/{name}",
        f"/downloadcontent/{name}",
        f"/facility/api/downloadcsvfile/temp/{facility}/",
        f"/facility/api/downloadcsvfile/{name}/{facility}/",
        f"/facility/api/downloadcsvfile/user/{facility}/?filename={name}",
        f"{TASKS}{job}/",
        TASKS,
    )
