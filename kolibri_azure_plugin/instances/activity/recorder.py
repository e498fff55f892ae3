"""Records what happens on an instance: a thread of the doctor's process, which loads no Django."""

from __future__ import annotations

import logging
import math
import threading
import time
from datetime import datetime, timezone

from kolibri_azure_plugin.database.state import State
from kolibri_azure_plugin.database.state_access import StateAccess
from kolibri_azure_plugin.instances.activity import minutes, presence
from kolibri_azure_plugin.instances.activity.counts import Counts
from kolibri_azure_plugin.instances.activity.presence import Presence
from kolibri_azure_plugin.instances.activity.requests import RequestLog
from kolibri_azure_plugin.instances.activity.sampling import Deployment

logger = logging.getLogger(__name__)

#: Seconds between two looks into the file of requests.
POLL_SECONDS = 5.0

#: Seconds after the end of a minute until its last lines are in the file. Later ones are added.
LATE_SECONDS = 6.0

#: How many minutes wait for a database that is away. Older ones are forgotten.
WAITING_MINUTES = 60


class Recorder:
    """The minutes of one instance.

    :param own: the instance as it announces itself.
    :param requests: None where no nginx writes any.
    :param stopping: ends the thread.
    """

    def __init__(
        self,
        state: StateAccess,
        own: Presence,
        requests: RequestLog | None,
        stopping: threading.Event,
    ) -> None:
        self._state = state
        self._own = own
        self._requests = requests
        self._stopping = stopping
        self._deployment = Deployment()
        #: What is not stored yet, by minutes since 1970.
        self._waiting: dict[int, Counts] = {}
        self._minute = 0
        self._has_failed = False
        self._thread = threading.Thread(target=self._go, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to record, in a thread."""
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until the last minute is stored, after the event was set."""
        self._thread.join(seconds)

    def _go(self) -> None:
        while not self._stopping.is_set():
            self._safely_record()
            self._stopping.wait(POLL_SECONDS)
        self._safely_record(is_last=True)

    def _safely_record(self, *, is_last: bool = False) -> None:
        """Record; an unforeseen error is logged, and neither ends the thread nor fills the log."""
        try:
            self.record(_this_minute(), is_last=is_last)
        except Exception:
            if not self._has_failed:
                logger.exception("The minute can't be recorded.")
            self._has_failed = True
        else:
            self._has_failed = False

    def record(self, minute: int, *, is_last: bool = False) -> None:
        """Count the new requests. Once a minute, store those of the last ones.

        :param minute: the first one whose requests are incomplete, since 1970.
        :param is_last: store those, too.
        """
        self._count(minute)
        if is_last:
            self._state.ask(lambda state: self._store_requests(state, math.inf))
        elif minute != self._minute:
            self._minute = minute
            self._state.ask(lambda state: self._store(state, minute))

    def _count(self, minute: int) -> None:
        if self._requests is None:
            return
        for request in self._requests.take():
            self._waiting.setdefault(request.minute, Counts()).add(request)
        # A minute without requests is stored, too: it differs from one without this process.
        self._waiting.setdefault(minute, Counts())
        for old in sorted(self._waiting)[:-WAITING_MINUTES]:
            del self._waiting[old]

    def _store(self, state: State, minute: int) -> None:
        # First, because it fails unless an instance has prepared the database.
        presence.announce(state, self._own)
        minutes.create(state)
        self._store_requests(state, minute)
        self._deployment.sample(state)

    def _store_requests(self, state: State, end: float) -> None:
        """Store the minutes before this one."""
        for minute in sorted(minute for minute in self._waiting if minute < end):
            at = datetime.fromtimestamp(minute * 60, timezone.utc)
            stored = minutes.read_one(state, at, self._own.instance)
            minutes.keep(state, at, self._own.instance, self._waiting[minute].value(stored))
            del self._waiting[minute]


def _this_minute() -> int:
    """The last minute whose lines may be missing, since 1970."""
    return int((time.time() - LATE_SECONDS) // 60)
