"""The doctor's rounds: ``python -m kolibri_azure_plugin.doctor.rounds``.

One such process runs on each instance, next to the web server and the workers, without slowing
them. At each interval it has a doctor examine its instance. One of the instances has the deployment
examined, too. Each outcome is a log line. The database keeps the newest report.

The process also records what happens on the instance
(:mod:`kolibri_azure_plugin.instances.activity`): one more process would take more memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kolibri_azure_plugin.database.state_access import StateAccess
from kolibri_azure_plugin.doctor import log_lines, stored_reports
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.examination import Examiner, NoReportError, StoppedError
from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.doctor.registry import Scope
from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.housekeeping.temporary_uploads import sweep_until
from kolibri_azure_plugin.instances.activity import presence
from kolibri_azure_plugin.instances.activity.process_start import parent_started
from kolibri_azure_plugin.instances.activity.recorder import Recorder
from kolibri_azure_plugin.instances.activity.requests import RequestLog
from kolibri_azure_plugin.instances.termination import END_WITH_PARENT, stop_on_signal
from kolibri_azure_plugin.logs.formatters import instance_name
from kolibri_azure_plugin.logs.programs import log_to_stdout

logger = logging.getLogger(__name__)

#: Seconds between two queries of the table: whose turn it is, and whether a report is requested.
POLL_SECONDS = 2.0

#: Seconds until the first round: during a start, the instance is busy and not yet in its final
#: state.
FIRST_SECONDS = 60.0

#: The purpose of the connection in pg_stat_activity, and what its loss means.
PURPOSE = "doctor"
LOSS = "The doctor's reports can't be stored"

#: Seconds to store the last minute of an instance that stops.
LAST_SECONDS = 0.5

#: Seconds, for an interval that never passes.
NEVER = 10.0 * 365 * 24 * 3600

#: An instance that examines itself may take the deployment's turn early, by this fraction of the
#: interval. This saves another doctor soon after.
EARLY = 0.1

BOTH = (Scope.INSTANCE, Scope.DEPLOYMENT)


class Rounds:
    """The rounds on one instance.

    :param state: None if no table is shared: on SQLite, or without a database.
    :param interval: seconds between two examinations of the instance; 0 for those on request only.
    """

    def __init__(
        self,
        ctx: CheckContext,
        state: StateAccess | None,
        interval: float,
        stopping: threading.Event,
    ) -> None:
        self._interval = interval or NEVER
        self._stopping = stopping
        self._examiner = Examiner(stopping)
        self._instance = instance_name()
        self._serves_only = ctx.context.settings.serves_zip_content_only
        self._state = state
        self._is_regular = bool(interval)
        self._next = 0.0 if interval else math.inf
        self._asked: float | None = None
        self._is_broken = False

    def go(self) -> None:
        """Make rounds until the event is set."""
        self._stopping.wait(min(FIRST_SECONDS, self._interval))
        while not self._stopping.wait(min(POLL_SECONDS, self._interval)):
            scopes = self._due()
            if scopes:
                self._round(scopes)

    def _due(self) -> Collection[Scope]:
        """The scopes that have to be examined now."""
        asked = self._is_asked()
        if asked or time.monotonic() >= self._next:
            early = self._interval * (1 - EARLY)
            return BOTH if self._takes_turn(early) else (Scope.INSTANCE,)
        # Where the last examination broke, another instance takes the turn that this one gave back.
        if (
            self._is_regular
            and not self._is_broken
            and self._state is not None
            and self._takes_turn(self._interval, otherwise=False)
        ):
            return (Scope.DEPLOYMENT,)
        return ()

    def _is_asked(self) -> bool:
        """True once after new reports were requested."""
        asked = self._state.ask(stored_reports.last_asked) if self._state else None
        if asked is None:
            return False
        last, self._asked = self._asked, asked
        return last is not None and asked > last

    def _takes_turn(self, interval: float, *, otherwise: bool = True) -> bool:
        """Whether this instance examines the deployment.

        :param otherwise: the answer if the database gives none. Only an examination of the
            deployment may find the reason, so all instances run it rather than none.
        """
        if self._state is None:
            return otherwise and not self._serves_only
        taken = self._state.ask(
            lambda state: stored_reports.take_turn(state, self._instance, interval)
        )
        return otherwise if taken is None else taken

    def _round(self, scopes: Collection[Scope]) -> None:
        begun = time.monotonic()
        try:
            document = self._examiner.examine(scopes)
        except StoppedError:
            return
        except NoReportError as error:
            self._is_broken = True
            log_lines.log_broken(scopes, str(error))
            if Scope.DEPLOYMENT in scopes:
                self._give_turn_back()
        else:
            self._is_broken = False
            for scope in scopes:
                self._tell(document, scope)
        if Scope.INSTANCE in scopes and self._is_regular:
            # Pause at least as long as the examination took, even if the interval is shorter.
            now = time.monotonic()
            self._next = max(begun + self._interval, now + (now - begun))

    def _give_turn_back(self) -> None:
        if self._state is not None:
            self._state.ask(lambda state: stored_reports.give_turn_back(state, self._instance))

    def _tell(self, document: dict[str, Any], scope: Scope) -> None:
        entries = [entry for entry in document["checks"] if entry["scope"] == scope.value]
        log_lines.log(entries)
        counted = Counter(entry["status"] for entry in entries)
        report = {
            **document,
            "scope": scope.value,
            "instance": self._instance,
            "time": f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "counts": {status.value: counted[status.value] for status in Status},
            "checks": entries,
        }
        if self._state is not None:
            self._state.ask(lambda state: stored_reports.keep(state, report))
            interval = self._interval if self._is_regular else 0.0
            self._state.ask(lambda state: stored_reports.forget_instances(state, interval))


def main(words: list[str]) -> None:
    arguments = _arguments(words)
    stopping = threading.Event()
    stop_on_signal(stopping, end_with_parent=arguments.end_with_parent)
    with fail_closed():
        ctx = CheckContext()
        settings = ctx.context.settings
        log_to_stdout(settings.log_format)
        if not settings.check_interval:
            logger.info("The doctor makes no rounds: KOLIBRI_AZURE_CHECK_INTERVAL is 0.")
        if settings.serves_zip_content_only or not ctx.wants_postgresql:
            if settings.check_interval:
                Rounds(ctx, None, settings.check_interval, stopping).go()
            return
        if not settings.workers:
            # Otherwise the workers' process does it.
            sweep_until(stopping)
        state = StateAccess(lambda: ctx.database, PURPOSE, LOSS)
        recorder = _start_recorder(state, arguments, stopping)
        Rounds(ctx, state, settings.check_interval, stopping).go()
        recorder.wait(LAST_SECONDS)


def _start_recorder(
    state: StateAccess, arguments: argparse.Namespace, stopping: threading.Event
) -> Recorder:
    own = presence.of_this_process(instance_name(), arguments.role, parent_started())
    requests = RequestLog(arguments.requests) if arguments.requests else None
    recorder = Recorder(state, own, requests, stopping)
    recorder.start()
    return recorder


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kolibri_azure_plugin.doctor.rounds")
    parser.add_argument(END_WITH_PARENT, action="store_true")
    parser.add_argument("--role", default="kolibri", help="what the instance runs")
    parser.add_argument("--requests", type=Path, help="the file in which nginx notes its requests")
    return parser.parse_args(words)


if __name__ == "__main__":
    main(sys.argv[1:])
