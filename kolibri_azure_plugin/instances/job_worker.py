"""Kolibri's worker, for a deployment in which it is not the only one there ever is."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from kolibri.core.tasks.exceptions import JobNotFound
from kolibri.core.tasks.job import State
from kolibri.core.tasks.worker import Worker

from kolibri_azure_plugin.fresh_threads import JobThreads
from kolibri_azure_plugin.instances.lease import Lease, LeaseLostError

logger = logging.getLogger(__name__)

#: Seconds that running jobs get to finish when their worker is stopped. What runs longer is begun
#: again by the next holder. `kolibri stop` kills after 10, App Service after 5.
GRACE_SECONDS = 3.0


class LeasedWorker(Worker):
    """Runs jobs under a lease, and never cancels one because it ends itself."""

    def __init__(self, lease: Lease, regular_workers: int, high_workers: int) -> None:
        self._lease = lease
        self._lost: set[str] = set()
        super().__init__(regular_workers, high_workers)

    def requeue_stalled_jobs(self) -> None:
        """Queue again what the last holder had begun: nobody else can have begun anything.

        Kolibri leaves out jobs that were picked, but not begun yet (SELECTED).
        """
        for state in (State.RUNNING, State.SELECTED):
            for job in self.storage.get_jobs_by_state(state):
                logger.info("Job %s was interrupted while %s: queued again.", job.job_id, state)
                self.storage.mark_job_as_queued(job.job_id)

    def start_workers(self) -> ThreadPoolExecutor:
        """Threads: processes would outlive this one, and go on without the lease."""
        return JobThreads(max_workers=self.max_workers)

    def check_jobs(self) -> None:
        """Before anything else, queue again what has lost its connection; tried until it works."""
        for job_id in list(self._lost):
            self.storage.mark_job_as_queued(job_id)
            self._lost.discard(job_id)
        super().check_jobs()

    def get_next_job(self) -> Any:
        """Pick a job, in one transaction with the proof that this process still may."""
        with transaction.atomic():
            job = super().get_next_job()
            if job is not None and not self._lease.is_ours(_rows):
                raise LeaseLostError("a job was left alone, because another instance may run it")
        return job

    def handle_finished_future(self, future: Future[Any]) -> None:
        """Also see to a job whose end was not written down; Kolibri leaves it running for ever."""
        job = self.job_future_mapping.get(future)
        error = None if future.cancelled() else future.exception()
        if job is None or error is None:
            super().handle_finished_future(future)
            return
        del self.job_future_mapping[future]
        del self.future_job_mapping[job.job_id]
        if isinstance(error, (DatabaseError, InterfaceError)):
            logger.warning(
                "Job %s could not reach the database, and is queued again: %s",
                job.job_id,
                str(error).strip(),
            )
            # This thread's connection is of no use, and neither may any be for a while.
            self._lost.add(job.job_id)
        elif not isinstance(error, JobNotFound):
            self._fail(job.job_id, error)

    def _fail(self, job_id: str, error: BaseException) -> None:
        """What could not even be begun, as when its function is of a plugin that is gone."""
        logger.error("Job %s could not be run: %s", job_id, error, exc_info=error)
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        self.storage.mark_job_as_failed(job_id, error, "".join(lines))

    def shutdown_workers(self, wait: bool = True) -> None:
        """Let running jobs finish if they are quick; Kolibri cancels every job in the database."""
        self.workers.shutdown(wait=False)
        if wait:
            self._wait_for_jobs()

    def _wait_for_jobs(self) -> None:
        unfinished = wait(list(self.job_future_mapping), timeout=GRACE_SECONDS).not_done
        for future in unfinished:
            job = self.job_future_mapping.get(future)
            if job is not None:
                logger.info("Job %s is interrupted; the next holder begins it again.", job.job_id)


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
