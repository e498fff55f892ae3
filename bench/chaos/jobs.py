"""A background job, started as an administrator starts it in the browser."""

from __future__ import annotations

import time
from typing import Any

import requests

from bench.chaos.visitors import PATIENCE
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

EXPORT = "kolibri.core.auth.tasks.exportuserstocsv"
JOBS = "/api/tasks/tasks/"

DONE_SECONDS = 120

#: The lowest status of a server error.
SERVER_ERROR = 500


class Administrator:
    """Exports the users as a CSV file, despite any faults."""

    def __init__(self, url: str) -> None:
        self._client = KolibriClient(url)
        self._client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        self._facility = self._client.facility()["id"]

    def time_job(self) -> float:
        """Seconds from the start of a job to its end; failed requests are repeated."""
        began = time.monotonic()
        job = wait_until(self._give, "a job to be taken", DONE_SECONDS)
        try:
            wait_until(lambda: self._state(job) == "COMPLETED", "a job to be done", DONE_SECONDS)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {self._state(job) or 'not to be seen'}") from None
        return time.monotonic() - began

    def _give(self) -> str:
        job = {"type": EXPORT, "facility": self._facility, "locale": "en"}
        return str(self._ask("POST", JOBS, json=job).get("id", ""))

    def _state(self, job: str) -> str:
        return str(self._ask("GET", f"{JOBS}{job}/").get("status", ""))

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Return the answer, or an empty one while the site is down.

        :raises requests.HTTPError: if the site is up and refuses the request.
        """
        try:
            answer = self._client.request(method, path, timeout=PATIENCE, **options)
        except requests.RequestException:
            return {}
        if answer.status_code >= SERVER_ERROR:
            return {}
        answer.raise_for_status()
        return dict(answer.json())
