"""Runs months' worth of requests, syncs and jobs, and finds out what grows.

    python -m bench.soak [--requests 100000] [--syncs 200] [--jobs 5000] [--minutes 30] [--fresh]

Run it again to resume an interrupted soak; --minutes limits one run.
docs/housekeeping.md explains what is counted.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import IO

from bench.soak import driver, report
from bench.soak.progress import KINDS, Progress
from bench.soak.site import own_fleet, running_site
from devtools.state import state_folder

SCHOOLS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--syncs", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=5_000)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--fresh", action="store_true", help="start over")
    parser.add_argument("--folder", type=Path, default=state_folder() / "soak")
    options = parser.parse_args()
    lock = _alone(options.folder)
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True, exist_ok=True)
    goals = {kind: getattr(options, kind) for kind in KINDS}
    progress = Progress(options.folder / "progress.json", goals)
    if not progress.complete:
        with own_fleet(options.folder) as fleet, running_site(fleet) as site:
            driver.run(site, progress, SCHOOLS, _ending(options.minutes * 60))
    lock.close()
    print("\n".join(report.everything(progress)))
    return 1 if report.faults(progress.data) else 0


def _alone(folder: Path) -> IO[str]:
    """Lock a folder until this process ends."""
    lock = folder.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another soak already uses {folder}: wait until it ends") from None
    return lock


def _ending(seconds: float) -> threading.Event:
    """An event that is set on Ctrl-C or after `seconds`; the work up to then is measured."""
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    if seconds < threading.TIMEOUT_MAX:
        timer = threading.Timer(seconds, ending.set)
        timer.daemon = True
        timer.start()
    return ending


if __name__ == "__main__":
    sys.exit(main())
