"""Kolibri's worker, adapted to deployments in which several processes take turns."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from kolibri.core.tasks.exceptions import JobNotFound, JobNotRestartable
from kolibri.core.tasks.job import State
from kolibri.core.tasks.worker import Worker

from kolibri_azure_plugin.instances.lease import Lease, LeaseLostError
from kolibri_azure_plugin.instances.thread_state import JobThreads

logger = logging.getLogger(__name__)

#: The states of a job that a worker has picked. Kolibri omits those not yet begun (SELECTED).
UNFINISHED = (State.RUNNING, State.SELECTED)

#: Raised at the end of a job that someone has removed, or started again, in the same moment.
REMOVED_OR_RESTARTED = (JobNotFound, JobNotRestartable)

#: Seconds that running jobs have to finish when their worker stops. The next holder restarts a job
#: that takes longer. `kolibri stop` kills after 10, App Service after 5.
GRACE_SECONDS = 3.0


class LeasedWorker(Worker):
    """Runs jobs under a lease, and does not cancel them when it stops."""

    def __init__(self, lease: Lease, regular_workers: int, high_workers: int) -> None:
        self._lease = lease
        self._lost: set[str] = set()
        super().__init__(regular_workers, high_workers)

    def requeue_stalled_jobs(self) -> None:
        """Requeue the jobs of the last holder. No other process can have begun one."""
        for state in UNFINISHED:
            for job in self.storage.get_jobs_by_state(state):
                logger.info("Job %s was interrupted while %s: queued again.", job.job_id, state)
                self.storage.mark_job_as_queued(job.job_id)

    def start_workers(self) -> ThreadPoolExecutor:
        """Use threads. Processes would outlive this one and go on without the lease."""
        return JobThreads(max_workers=self.max_workers)

    def check_jobs(self) -> None:
        """First go on with jobs that lost their connection. Retried until it works."""
        for job_id in list(self._lost):
            self._go_on_with(job_id)
            self._lost.discard(job_id)
        super().check_jobs()

    def get_next_job(self) -> Any:
        """Pick a job, and check in the same transaction that this process holds the lease."""
        with transaction.atomic():
            job = super().get_next_job()
            if job is not None and not self._lease.is_ours(_rows):
                raise LeaseLostError("a job was left alone, because another instance may run it")
        return job

    def handle_finished_future(self, future: Future[Any]) -> None:
        """Also handle a job whose end was not recorded. Kolibri leaves it RUNNING forever."""
        job = self.job_future_mapping.pop(future, None)
        if job is None:
            return
        # A job that was started again has another future here.
        if self.future_job_mapping.get(job.job_id) is future:
            del self.future_job_mapping[job.job_id]
        if future.cancelled():
            self.storage.mark_job_as_canceled(job.job_id)
            return
        error = future.exception()
        if isinstance(error, (DatabaseError, InterfaceError)):
            logger.warning(
                "Job %s could not reach the database, and goes on when that is back: %s",
                job.job_id,
                str(error).strip(),
            )
            # This thread's connection is broken, and a new one may not work for a while.
            self._lost.add(job.job_id)
        elif error is not None and not isinstance(error, REMOVED_OR_RESTARTED):
            self._fail(job.job_id, error)

    def _go_on_with(self, job_id: str) -> None:
        """Run a job again, unless its end was recorded; then only what comes after it was lost."""
        try:
            if self.storage.get_orm_job(job_id).state in UNFINISHED:
                self.storage.mark_job_as_queued(job_id)
            else:
                self.storage.reschedule_finished_job_if_needed(job_id)
        except REMOVED_OR_RESTARTED:
            return

    def _fail(self, job_id: str, error: BaseException) -> None:
        """Fail a job that could not begin, such as one of a plugin that was removed."""
        logger.error("Job %s could not be run: %s", job_id, error, exc_info=error)
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        self.storage.mark_job_as_failed(job_id, error, "".join(lines))

    def shutdown_workers(self, wait: bool = True) -> None:
        """Let short jobs finish. Kolibri would cancel every job in the database."""
        self.workers.shutdown(wait=False)
        if wait:
            self._wait_for_jobs()

    def _wait_for_jobs(self) -> None:
        unfinished = wait(list(self.job_future_mapping), timeout=GRACE_SECONDS).not_done
        for future in unfinished:
            job = self.job_future_mapping.get(future)
            if job is not None:
                logger.info("Job %s is interrupted; the next holder restarts it.", job.job_id)


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
