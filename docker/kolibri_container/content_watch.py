"""Keeps the site answering while the content share hangs.

Who opens a file on a share that hangs is stuck in the kernel. So pages come from an nginx that
never does: another one reads content for it, and only content waits there. This part keeps content
itself from waiting, and the connections that wait for it from filling the first nginx.

How a file system's client lets one wait is its own affair: SMB in state D while a server is silent,
in state S while it refuses connections; FUSE and NFS in other places. So no such state is looked
for. Instead, a process of its own touches the share when it is asked. All that it waits for is the
share, so when it makes no step for :data:`SILENT`, the share hangs. On a busy machine it makes no
step either, but then it does not wait: it runs, or would.

It is asked when a thread that serves content is seen in the same wait at two looks, other than for
events, connections and the like. So a share that nobody waits for costs nothing, and what is not
told apart from a wait for a file costs a few questions.

When the share hangs or is gone, nginx begins anew with content held back: it answers 503 for
content. What is stuck is killed, so that its visitors can try again; nothing but content is lost
with it. The question stays open: its answer ends the outage.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

from kolibri_azure_plugin.content.steady_probe import Answer, SteadyProbe
from kolibri_container import configuration, logs
from kolibri_container.nginx import content_is_held_back, hold_content_back, release_content
from kolibri_container.waiting import (
    GUNICORN,
    Waits,
    any_waits,
    file_waits,
    is_a,
    parents_of_processes,
    servers_of_content,
)

logger = logging.getLogger(__name__)

#: Seconds between two looks, and those after which a wait is suspicious: seen at two of them.
PAUSE = 0.2
SUSPICIOUS = 0.15

#: Seconds without any step of the probe after which the share hangs. A healthy share on Azure needs
#: a hundredth of that for one.
SILENT = 0.8

#: Seconds between two questions.
QUESTION_PAUSE = 0.5


class ContentWatch:
    """What is known of the share from one look to the next.

    :param run: KOLIBRI_CONTAINER_RUN.
    :param content: the folder on the share.
    :param root: all that runs in the container descends from this process.
    """

    def __init__(self, run: Path, content: str, root: int) -> None:
        self._run = run
        self._content = content
        self._root = root
        self._waits = Waits()
        self._waits_of_probe = Waits()
        self._probe = SteadyProbe(content)
        self._ask_again_at = 0.0
        self._before: set[int] = set()
        self._ended: set[int] = set()
        # So that its process has started when it is needed.
        self._probe.ask()
        # One that was killed may have left it to this one to let content through again.
        self.hangs = content_is_held_back(run)

    def look(self) -> None:
        """Look once, and do what has to be done."""
        now = time.monotonic()
        servers = servers_of_content(self._root)
        self._waits.see((wait for pid in servers for wait in file_waits(pid)), now)
        answer = self._answer(now)
        if self.hangs and answer is Answer.WORKS:
            self._release()
        elif answer is Answer.GONE and not self.hangs:
            self._hold_back(servers)
        if self.hangs:
            self._end_stuck(servers, now)
        if now >= self._ask_again_at and (self.hangs or self._waits.lasting(SUSPICIOUS, now)):
            self._probe.ask()

    def _answer(self, now: float) -> Answer | None:
        """What the probe says, or its silence; None: nothing new."""
        answer = self._probe.answer()
        if answer is not None:
            self._ask_again_at = now + QUESTION_PAUSE
            return answer
        pid = self._probe.pid
        self._waits_of_probe.see(any_waits(pid) if pid else (), now)
        return Answer.GONE if self._waits_of_probe.lasting(SILENT, now) else None

    def _hold_back(self, servers: dict[int, int]) -> None:
        logger.error("The share at %s hangs: content is held back until it answers.", self._content)
        self.hangs = True
        self._before = set(servers)
        hold_content_back(self._run)

    def _end_stuck(self, servers: dict[int, int], now: float) -> None:
        """End the processes that are stuck; they may die of it only when the share answers."""
        stuck = self._waits.lasting(SILENT, now)
        for wait in stuck:
            # The new ones leave the share alone. Only what the kernel names is held against them.
            if wait.pid in self._ended or not (wait.is_named or wait.pid in self._before):
                continue
            self._ended.add(wait.pid)
            _signal(wait.pid, signal.SIGKILL)
            if is_a(GUNICORN, servers[wait.pid]):
                # Others take its place now.
                _signal(servers[wait.pid], signal.SIGHUP)

    def _release(self) -> None:
        logger.info("The share at %s answers again.", self._content)
        self.hangs = False
        self._ended.clear()
        release_content(self._run)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> None:
    logs.configure()
    found = configuration.find(os.environ)
    # Between the supervisor of all parts and this one stands the supervisor of this one.
    supervisor = parents_of_processes()[os.getppid()]
    watch = ContentWatch(found.run, str(found.content), supervisor)
    while True:
        watch.look()
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
