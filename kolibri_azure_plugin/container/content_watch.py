"""Keeps the site answering while the content share hangs.

A process that opens a file on a hanging share is stuck in the kernel. So the nginx that serves
pages never opens one: another nginx reads content for it, and only requests for content wait. This
part ends those waits too, before the waiting connections fill the first nginx.

File system clients wait in different ways: SMB in state D while a server is silent, and in state S
while it refuses connections; FUSE and NFS in other places. So the state alone says nothing.
Instead, a separate process, the probe, accesses the share on request. It waits for nothing else, so
if it makes no progress for :data:`HANG_TIMEOUT`, the share hangs. On a busy machine it makes no
progress either, but then it is runnable and not waiting.

The probe is queried when a thread that serves content is in the same wait in two successive checks,
unless it waits for events, connections and the like. So a share that no thread waits for costs
nothing. A wait that only looks like one for a file costs a few queries.

When the share hangs or is gone, nginx reloads with content suspended: it answers 503 for content.
Stuck processes are killed, so that their visitors can try again; only requests for content are
lost. The query stays open, and its answer ends the outage.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

from kolibri_azure_plugin.container import configuration, logs
from kolibri_azure_plugin.container.nginx import (
    complete_reload,
    is_content_suspended,
    resume_content,
    suspend_content,
)
from kolibri_azure_plugin.container.process_waits import (
    GUNICORN,
    Waits,
    any_waits,
    content_servers,
    file_waits,
    is_a,
    parent_pids,
)
from kolibri_azure_plugin.content.persistent_probe import PersistentProbe, ShareState

logger = logging.getLogger(__name__)

#: Seconds between two checks. A wait that both of them see is suspicious.
PAUSE = 0.2
SUSPICIOUS_AFTER = 0.15

#: Seconds without any progress of the probe after which the share counts as hanging. One step takes
#: a hundredth of that on a healthy share on Azure. A share that is throttled, or far away, answers
#: later, but it works: no reader may be killed for it.
HANG_TIMEOUT = 1.5

#: Seconds between two queries.
PROBE_INTERVAL = 0.5

#: Seconds that nginx may need to hold content back. Until then, it passes on requests for content,
#: so processes that are started meanwhile count as those from before.
RELOADED_WITHIN = 5.0

#: Seconds after content was suspended in which requests from before may reach new processes, and
#: seconds of a wait after which those are killed later. Some kernels name the wait of an idle
#: thread wrongly; to replace idle processes all the time would keep the machine busy.
LEFTOVERS = 20.0
LATE_TIMEOUT = 30.0


class ContentWatch:
    """The state of the share from one check to the next.

    :param run: KOLIBRI_CONTAINER_RUN.
    :param content: the folder on the share.
    :param root: the process from which all others in the container descend.
    """

    def __init__(self, run: Path, content: str, root: int) -> None:
        self._run = run
        self._content = content
        self._root = root
        self._waits = Waits()
        self._probe_waits = Waits()
        self._probe = PersistentProbe(content)
        self._ask_again_at = 0.0
        self._killed: set[int] = set()
        self._replaced: set[int] = set()
        # Starts the probe's process before it is needed.
        self._probe.ask()
        # If the previous watch was killed, this one may have to resume content, and to kill what
        # was stuck before. It can't tell which processes are new, so it may kill them once, too.
        self.hangs = is_content_suspended(run)
        self._before: set[int] = set()
        self._suspended_at = time.monotonic()

    def look(self) -> None:
        """Check once, and act on the result."""
        now = time.monotonic()
        complete_reload(self._run)
        servers = content_servers(self._root)
        self._waits.see((wait for pid in servers for wait in file_waits(pid)), now)
        answer = self._answer(now)
        if self.hangs and answer is ShareState.WORKS:
            self._resume(servers)
        elif answer is ShareState.GONE and not self.hangs:
            self._suspend(now)
        if self.hangs:
            self._kill_stuck(servers, now)
        if now >= self._ask_again_at and (self.hangs or self._waits.lasting(SUSPICIOUS_AFTER, now)):
            self._probe.ask()

    def _answer(self, now: float) -> ShareState | None:
        """The probe's answer, or that it hangs; None if there is nothing new."""
        answer = self._probe.answer()
        if answer is not None:
            self._ask_again_at = now + PROBE_INTERVAL
            return answer
        pid = self._probe.pid
        self._probe_waits.see(any_waits(pid) if pid else (), now)
        return ShareState.GONE if self._probe_waits.lasting(HANG_TIMEOUT, now) else None

    def _suspend(self, now: float) -> None:
        logger.error("The share at %s hangs: content is held back until it answers.", self._content)
        self.hangs = True
        self._before = set()
        self._suspended_at = now
        suspend_content(self._run)

    def _kill_stuck(self, servers: dict[int, int], now: float) -> None:
        """Kill the stuck processes. They may not die until the share answers."""
        if now - self._suspended_at < RELOADED_WITHIN:
            self._before |= set(servers)
        self._replace_those_that_live_on(servers)
        for pid in self._stuck(now) - self._killed:
            self._killed.add(pid)
            _signal(pid, signal.SIGKILL)

    def _replace_those_that_live_on(self, servers: dict[int, int]) -> None:
        """Let gunicorn start another process for each that did not die. It replaces dead ones.

        A reload would do that only once: gunicorn then waits for the old ones to end, and starts
        none meanwhile.
        """
        asked = set()
        for pid in self._killed & servers.keys() - self._replaced:
            parent = servers[pid]
            if parent not in asked and is_a(GUNICORN, parent):
                # One signal at a time: Linux merges two of a kind.
                asked.add(parent)
                self._replaced.add(pid)
                _signal(parent, signal.SIGTTIN)

    def _stuck(self, now: float) -> set[int]:
        old = self._before & {wait.pid for wait in self._waits.lasting(HANG_TIMEOUT, now)}
        # New processes rarely access the share, so only waits that the kernel names count.
        patience = HANG_TIMEOUT if now - self._suspended_at < LEFTOVERS else LATE_TIMEOUT
        new = {wait.pid for wait in self._waits.lasting(patience, now) if wait.is_named}
        return old | new

    def _resume(self, servers: dict[int, int]) -> None:
        logger.info("The share at %s answers again.", self._content)
        self.hangs = False
        self._killed.clear()
        self._replaced.clear()
        for parent in set(servers.values()):
            if is_a(GUNICORN, parent):
                # Back to the usual number of processes.
                _signal(parent, signal.SIGHUP)
        resume_content(self._run)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    logs.configure()
    found = configuration.find(os.environ)
    # The parent process supervises this part; the grandparent supervises all parts.
    supervisor = parent_pids()[os.getppid()]
    watch = ContentWatch(found.run, str(found.content), supervisor)
    while True:
        watch.look()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
