"""Requests, syncs and jobs, until there would be months of them; what grows is found out.

    python -m bench.soak [--requests 100000] [--syncs 200] [--jobs 5000] [--minutes 30] [--fresh]

It goes on where it was when it is called again; --minutes ends it after so many.
docs/housekeeping.md says what is counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any, Protocol

from bench.soak import report, sizes
from bench.soak.jobs import TASKS, Administrator
from bench.soak.progress import KINDS, Progress
from bench.soak.schools import School
from bench.soak.site import ADMINISTRATOR, ADMINISTRATOR_PASSWORD, DATABASE, Site, running_site
from bench.soak.visitors import Visitors
from devtools.deadline import wait_until
from devtools.kolibri_client import KolibriClient
from devtools.state import state_folder

SCHOOLS = 2

#: Each run begins with a share of the work, so that whatever is loaded once is loaded.
WARM_UP = {"requests": 0.05, "syncs": 0.03, "jobs": 0.05}
LEAST_WARM_UP = {"requests": 200, "syncs": 1, "jobs": 20}

SAVE_SECONDS = 30.0

#: Failed requests, jobs and syncs at which it is of no use to go on.
MOST_FAILURES = 200
IDLE_SECONDS = 600

UNFINISHED = """
    SELECT count(*) FROM jobs WHERE state IN ('QUEUED', 'SELECTED', 'RUNNING')
    AND repeat = 0 AND scheduled_time < now()
"""

#: As if a month had passed since the work was finished.
CLEAN = """
from datetime import timedelta
from django.utils import timezone
from kolibri.core.auth.models import Session
from kolibri_azure_plugin.housekeeping.periods import Periods
from kolibri_azure_plugin.housekeeping.rounds import clean

Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
now = timedelta(0)
print("REMOVED", clean(periods=Periods(now, now, now, now, 0, now, now, now)))
"""


class Worker(Protocol):
    """One kind of work, in threads of its own."""

    failures: list[str]

    @property
    def running(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--syncs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    parser.add_argument("--folder", type=Path, default=state_folder() / "soak")
    options = parser.parse_args()
    lock = _alone(options.folder)
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    goals = {kind: getattr(options, kind) for kind in KINDS}
    progress = Progress(options.folder / "progress.json", goals)
    if not progress.complete:
        with running_site(options.folder) as site:
            _run(site, progress, options.folder, options.minutes * 60)
    lock.close()
    return _tell(progress)


def _alone(folder: Path) -> IO[str]:
    """The lock on a folder, which ends with this process."""
    lock = folder.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"a soak is at work in {folder} already") from None
    return lock


def _run(site: Site, progress: Progress, folder: Path, seconds: float) -> None:
    print(f"the site runs at {site.url}; warming up", flush=True)
    # The processes are new ones, also where the work goes on.
    file = folder / "warm-up.json"
    file.unlink(missing_ok=True)
    warm_up = Progress(file, _warm_up(progress.goals))
    _work(site, warm_up, folder, float("inf"))
    _wait_for_jobs(site)
    if "before" not in progress.data:
        _clean(site)
        progress.save(before=_tables(site))
    processes = site.processes()
    before = {name: sizes.of_process(pid) for name, pid in processes.items()}
    done, began = progress.done, time.monotonic()
    failures = _work(site, progress, folder, seconds)
    _wait_for_jobs(site)
    minutes = (time.monotonic() - began) / 60
    after = {name: sizes.of_process(pid) for name, pid in processes.items()}
    run = {
        "minutes": minutes,
        "done": {kind: count - done[kind] for kind, count in progress.done.items()},
        "processes": {
            name: [dataclasses.astuple(before[name]), dataclasses.astuple(after[name])]
            for name in processes
        },
        "failures": failures,
    }
    progress.save(runs=[*progress.data["runs"], run])
    if progress.complete:
        uncleaned = {"worked": _tables(site), "list_worked": _task_list(site)}
        removed = _clean(site)
        progress.save(
            **uncleaned, removed=removed, after=_tables(site), list_after=_task_list(site)
        )


def _warm_up(goals: dict[str, int]) -> dict[str, int]:
    return {
        kind: max(LEAST_WARM_UP[kind], int(goals[kind] * WARM_UP[kind])) if goals[kind] else 0
        for kind in KINDS
    }


def _work(site: Site, progress: Progress, folder: Path, seconds: float) -> list[str]:
    """Do what is left, for so many seconds at the most; what failed."""
    visitors = Visitors(site, progress, progress.goals["requests"])
    administrator = Administrator(site, progress, progress.goals["jobs"])
    schools = [
        School(site, progress, progress.goals["syncs"], folder / f"school-{number}")
        for number in range(1, SCHOOLS + 1)
    ]
    workers: list[Worker] = [visitors, administrator, *schools]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + seconds
    told = time.monotonic()
    try:
        while any(worker.running for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.5)
            failures = [failure for worker in workers for failure in worker.failures]
            if len(failures) > MOST_FAILURES:
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
    def none_left() -> bool:
        return not site.postgres.execute(UNFINISHED, database=DATABASE)[0][0]

    wait_until(none_left, "the jobs to be done", IDLE_SECONDS)


def _clean(site: Site) -> str:
    return site.shell(CLEAN).split("REMOVED ")[1].splitlines()[0]


def _tables(site: Site) -> dict[str, list[int]]:
    found = sizes.of_tables(site.postgres, DATABASE)
    return {name: [table.rows, table.size] for name, table in found.items()}


def _task_list(site: Site) -> list[int]:
    """How many jobs the task list names, and in how many bytes."""
    client = KolibriClient(site.url)
    client.sign_in(ADMINISTRATOR, ADMINISTRATOR_PASSWORD)
    answer = client.request("GET", TASKS, timeout=300)
    return [len(answer.json()), len(answer.content)]


def _tell(progress: Progress) -> int:
    data: dict[str, Any] = progress.data
    print("\n".join(report.processes(data["runs"])))
    failed = [failure for run in data["runs"] for failure in run["failures"]]
    print(f"{data['broken']} of the syncs were cut off on purpose; {len(failed)} requests failed")
    for failure in failed[:10]:
        print(f"  {failure}")
    if "after" not in data:
        done = ", ".join(
            f"{progress.done[kind]:,} of {progress.goals[kind]:,} {kind}" for kind in KINDS
        )
        print(f"not done yet: {done}; call it again to go on")
        return 0
    print("before the work, and after it when housekeeping has had its time:")
    print("\n".join(report.tables(data["before"], data["after"])))
    for text, key in (
        ("after the work", "list_worked"),
        ("when housekeeping was done", "list_after"),
    ):
        count, size = data[key]
        print(f"task list {text}: {count:,} jobs, {size // 1024:,} kB")
    print(f"housekeeping removed {data['removed']}")
    faults = report.faults(data)
    for fault in faults:
        print(f"FAULT: {fault}")
    print("passed" if not faults else "failed")
    return 1 if faults else 0


def _end(*_signal: object) -> None:
    """As Ctrl-C does, so that every process is stopped and the progress is kept."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
