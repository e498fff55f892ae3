"""An administrator who starts jobs as the interface does, and checks that they finish."""

from __future__ import annotations

import time
from typing import Callable

import requests

from bench.soak.worker import Worker
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

TASKS = "/api/tasks/tasks/"
EXPORT = "kolibri.core.auth.tasks.exportuserstocsv"
IMPORT = "kolibri.core.auth.tasks.importusersfromcsv"

#: The number of jobs started at once.
BATCH = 10

#: One of this many batches is a trial import, which leaves a list with passwords behind.
TRIAL = 10

LIST = (
    "Database ID (UUID),Username (USERNAME),Password (PASSWORD),Full name (FULL_NAME),"
    "User type (USER_TYPE),Identifier (IDENTIFIER),Birth year (BIRTH_YEAR),Gender (GENDER),"
    "Learner enrollment (ENROLLED_IN),Class coach assignment (ASSIGNED_TO)\n"
    ",newcomer,a-password-of-somebody,New Comer,LEARNER,,,,,\n"
)

JOB_SECONDS = 600


class Administrator(Worker):
    """Starts jobs in a thread until there are enough, or it is stopped."""

    def _tasks(self) -> list[Callable[[], None]]:
        return [self._give_jobs]

    def _give_jobs(self) -> None:
        batch = 0
        while not self._stopped.is_set() and self._progress.done["jobs"] < self._goal:
            if self._progress.is_ahead("jobs"):
                self._stopped.wait(0.2)
                continue
            batch += 1
            try:
                # A new visit each time, because a session could expire meanwhile.
                client = KolibriClient(self._site.url)
                client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
                given = self._try_import(client) if batch % TRIAL == 0 else self._export(client)
                self._wait_for(client, given)
                self._progress.add("jobs", len(given))
            except (requests.RequestException, OSError) as error:
                self.failures.append(str(error))
                self._stopped.wait(1)

    def _export(self, client: KolibriClient) -> list[str]:
        job = {"type": EXPORT, "facility": self._site.facts["facility"], "locale": "en"}
        return [each["id"] for each in client.post(TASKS, [job] * BATCH)]

    def _try_import(self, client: KolibriClient) -> list[str]:
        facility = self._site.facts["facility"]
        answer = client.request(
            "POST",
            TASKS,
            data={"type": IMPORT, "facility": facility, "dryrun": "true", "locale": "en"},
            files={"csvfile": ("users.csv", LIST, "text/csv")},
        )
        answer.raise_for_status()
        return [answer.json()["id"]]

    def _wait_for(self, client: KolibriClient, jobs: list[str]) -> None:
        deadline = time.monotonic() + JOB_SECONDS
        for job in jobs:
            while client.get(f"{TASKS}{job}/")["status"] not in ("COMPLETED", "FAILED"):
                if self._stopped.is_set():
                    return
                if time.monotonic() > deadline:
                    raise OSError(f"job {job} is not done after {JOB_SECONDS} s")
                self._stopped.wait(0.2)
