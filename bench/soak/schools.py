"""Schools with a stock Kolibri on SQLite that sync with the site; some syncs are cut off."""

from __future__ import annotations

import queue
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable

from bench.soak.progress import Progress
from bench.soak.site import Site
from bench.soak.worker import Worker
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.fleet import REPOSITORY
from devtools.kolibri_process import Kolibri

#: One of this many syncs is cut off.
CUT_OFF = 20

SYNC_SECONDS = 300

SCRIPT = """
from bench.soak.school_process import main
main({url!r}, {facility!r}, {name!r}, {password!r})
"""


class School(Worker):
    """One school, which syncs in a thread until there are enough syncs or it is stopped."""

    def __init__(self, site: Site, progress: Progress, goal: int, folder: Path) -> None:
        super().__init__(site, progress, goal)
        identity = f"soak-{folder.name}"
        environment = {
            "PYTHONPATH": str(REPOSITORY),
            "MORANGO_SYSTEM_ID": identity,
            "MORANGO_NODE_ID": identity,
        }
        self._kolibri = Kolibri(folder, environment)
        self._process: _Process | None = None

    def _tasks(self) -> list[Callable[[], None]]:
        return [self._sync_repeatedly]

    def stop(self) -> None:
        self._stopped.set()
        if self._process is not None:
            self._process.kill()
        super().stop()

    def _sync_repeatedly(self) -> None:
        synced = 0
        while not self._stopped.is_set() and self._progress.done["syncs"] < self._goal:
            if self._progress.is_ahead("syncs"):
                self._stopped.wait(0.2)
                continue
            self._process = self._process or _Process(self._kolibri, self._site)
            cut_off = synced > 0 and random.randrange(CUT_OFF) == 0
            answer = self._process.sync(random.uniform(0.3, 2) if cut_off else SYNC_SECONDS)
            if answer == "SYNCED":
                synced += 1
                self._progress.add("syncs")
            elif not self._stopped.is_set():
                self._note(answer, cut_off=cut_off)
        self._end()

    def _note(self, answer: str, *, cut_off: bool) -> None:
        """Record a failed sync; the next one uses a new process."""
        self._end()
        if cut_off:
            self._progress.add("syncs")
            self._progress.add_broken_sync()
        else:
            self.failures.append(answer or f"a sync did not end within {SYNC_SECONDS} s")
            self._stopped.wait(1)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
        self._process = None


class _Process:
    def __init__(self, kolibri: Kolibri, site: Site) -> None:
        script = SCRIPT.format(
            url=site.url,
            facility=site.facts["facility"],
            name=SUPERUSER,
            password=SUPERUSER_PASSWORD,
        )
        with (kolibri.home / "school.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kolibri", "manage", "shell", "-c", script],
                env=kolibri.environment,
                cwd=kolibri.home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def sync(self, seconds: float) -> str:
        """Sync; return SYNCED or an error, or an empty string if there was no answer in time."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("sync\n")
            self._process.stdin.flush()
            return self._answers.get(timeout=seconds)
        except (queue.Empty, BrokenPipeError):
            return ""

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("SYNCED", "FAILED")):
                self._answers.put(line.strip())
        self._answers.put("")
