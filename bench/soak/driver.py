"""The course of a soak: warm up, work and clean up, with measurements in between."""

from __future__ import annotations

import dataclasses
import threading
import time

from bench.soak import sizes
from bench.soak.jobs import TASKS, Administrator
from bench.soak.progress import KINDS, Progress
from bench.soak.schools import School
from bench.soak.site import Site
from bench.soak.visitors import Visitors
from bench.soak.worker import Worker
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.kolibri_client import KolibriClient

#: The share of the work that warms up each run, to load everything that is loaded once.
WARM_UP = {"requests": 0.05, "syncs": 0.03, "jobs": 0.05}
MIN_WARM_UP = {"requests": 200, "syncs": 1, "jobs": 20}

SAVE_SECONDS = 30.0
IDLE_SECONDS = 600

#: The soak stops after this many failed requests, jobs and syncs.
MAX_FAILURES = 200

UNFINISHED = """
    SELECT count(*) FROM jobs WHERE state IN ('QUEUED', 'SELECTED', 'RUNNING')
    AND repeat = 0 AND scheduled_time < now()
"""

#: Cleans up as if a month had passed since the work was finished.
CLEAN = """
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from kolibri.core.auth.models import Session
from kolibri_azure_plugin.housekeeping.periods import Periods
from kolibri_azure_plugin.housekeeping.rounds import clean

Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
connection.cursor().execute("UPDATE kolibri_azure_cache SET expires = now() - interval '1 day'")
now = timedelta(0)
print("REMOVED", clean(periods=Periods(now, now, now, now, 0, now, now, now)))
"""


def run(site: Site, progress: Progress, schools: int, ending: threading.Event) -> None:
    """Warm up, do the remaining work until `ending` is set, and measure it."""
    print(f"the site runs at {site.url}; warming up", flush=True)
    # The processes are new even if the work is resumed, so they need a warm-up.
    file = site.fleet.folder / "warm-up.json"
    file.unlink(missing_ok=True)
    _work(site, Progress(file, _warm_up(progress.goals)), schools, ending)
    if ending.is_set():
        return
    _wait_for_jobs(site)
    if "before" not in progress.data:
        _clean(site)
        progress.save(before=_tables(site))
    processes = site.processes()
    before = {name: sizes.of_process(pid) for name, pid in processes.items()}
    done, began = progress.done, time.monotonic()
    failures = _work(site, progress, schools, ending)
    _wait_for_jobs(site)
    minutes = (time.monotonic() - began) / 60
    after = {name: sizes.of_process(pid) for name, pid in processes.items()}
    this_run = {
        "minutes": minutes,
        "done": {kind: count - done[kind] for kind, count in progress.done.items()},
        "processes": {
            name: [dataclasses.astuple(before[name]), dataclasses.astuple(after[name])]
            for name in processes
        },
        "failures": failures,
    }
    progress.save(runs=[*progress.data["runs"], this_run])
    if progress.complete:
        _finish(site, progress)


def _finish(site: Site, progress: Progress) -> None:
    uncleaned = _task_list(site)
    removed = _clean(site)
    progress.save(
        list_worked=uncleaned, removed=removed, after=_tables(site), list_after=_task_list(site)
    )


def _warm_up(goals: dict[str, int]) -> dict[str, int]:
    return {
        kind: max(MIN_WARM_UP[kind], int(goals[kind] * WARM_UP[kind])) if goals[kind] else 0
        for kind in KINDS
    }


def _work(site: Site, progress: Progress, schools: int, ending: threading.Event) -> list[str]:
    """Do as much of the remaining work as time allows; return the failures."""
    workers: list[Worker] = [
        Visitors(site, progress, progress.goals["requests"]),
        Administrator(site, progress, progress.goals["jobs"]),
    ]
    for number in range(1, schools + 1):
        folder = site.fleet.folder / f"school-{number}"
        workers.append(School(site, progress, progress.goals["syncs"], folder))
    for worker in workers:
        worker.start()
    told = time.monotonic()
    try:
        while any(worker.running for worker in workers) and not ending.wait(0.5):
            failures = [failure for worker in workers for failure in worker.failures]
            if len(failures) > MAX_FAILURES:
                raise RuntimeError("too much fails: " + "; ".join(failures[-5:]))
            if time.monotonic() > told + SAVE_SECONDS:
                told = time.monotonic()
                progress.save()
                done = ", ".join(f"{count:,} {kind}" for kind, count in progress.done.items())
                print(f"  {time.strftime('%H:%M:%S')} {done}", flush=True)
    finally:
        for worker in workers:
            worker.stop()
        progress.save()
    return [failure for worker in workers for failure in worker.failures]


def _wait_for_jobs(site: Site) -> None:
    wait_until(lambda: site.rows(UNFINISHED) == [(0,)], "the jobs to be done", IDLE_SECONDS)


def _clean(site: Site) -> str:
    return site.shell(CLEAN).split("REMOVED ")[1].splitlines()[0]


def _tables(site: Site) -> dict[str, list[int]]:
    found = sizes.of_tables(site.rows)
    return {name: [table.rows, table.size] for name, table in found.items()}


def _task_list(site: Site) -> list[int]:
    """The number of jobs in the task list, and its size in bytes."""
    client = KolibriClient(site.url)
    client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
    answer = client.request("GET", TASKS, timeout=300)
    return [len(answer.json()), len(answer.content)]
