"""The doctor by itself: ``python -m kolibri_azure_plugin.doctor.rounds``.

One such process runs on each instance, beside what serves and what works, so that no request and
no job knows of it. At each interval it has a doctor examine its instance, and one of all instances
has the deployment examined too. Each outcome is a log line, and the newest report is kept in the
database.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from kolibri_azure_plugin.checks.model import Scope, Status
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.doctor import kept_reports, log_lines
from kolibri_azure_plugin.doctor.examination import Examiner, NoReportError, StoppedError
from kolibri_azure_plugin.doctor.state_access import StateAccess
from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.instances.parents import END_WITH_PARENT, stop_when_told
from kolibri_azure_plugin.logs.formatters import instance_name
from kolibri_azure_plugin.logs.programs import log_to_stdout

logger = logging.getLogger(__name__)

#: Seconds between two looks at the table: whose turn it is, and whether somebody has asked.
LOOK_SECONDS = 2.0

#: Seconds until the first round: a start has enough to do, and is not yet what it will be.
FIRST_SECONDS = 60.0

#: Who examines its instance anyway takes the deployment's turn a little early, by this part of the
#: interval, rather than to begin a doctor of its own for it soon after.
EARLY = 0.1

BOTH = (Scope.INSTANCE, Scope.DEPLOYMENT)


def command_line(*options: str) -> list[str]:
    """What starts such a process."""
    return [sys.executable, "-m", "kolibri_azure_plugin.doctor.rounds", *options]


class Rounds:
    """The rounds on one instance.

    :param interval: seconds between two examinations of the instance.
    """

    def __init__(self, subject: Subject, interval: float, stopping: threading.Event) -> None:
        self._interval = interval
        self._stopping = stopping
        self._examiner = Examiner(stopping)
        self._instance = instance_name()
        self._serves_only = subject.context.settings.serves_zip_content_only
        #: None where no table is shared: on SQLite, and where there is no database at all.
        self._state = None
        if not self._serves_only and subject.wants_postgresql:
            self._state = StateAccess(subject)
        self._next = 0.0
        self._asked: float | None = None

    def go(self) -> None:
        """Make rounds until the event is set."""
        self._stopping.wait(min(FIRST_SECONDS, self._interval))
        while not self._stopping.wait(min(LOOK_SECONDS, self._interval)):
            scopes = self._due()
            if scopes:
                self._round(scopes)

    def _due(self) -> Collection[Scope]:
        """What has to be examined now."""
        asked = self._is_asked()
        if asked or time.monotonic() >= self._next:
            early = self._interval * (1 - EARLY)
            return BOTH if self._takes_turn(early) else (Scope.INSTANCE,)
        if self._state is not None and self._takes_turn(self._interval, otherwise=False):
            return (Scope.DEPLOYMENT,)
        return ()

    def _is_asked(self) -> bool:
        """True once after somebody has asked for new reports."""
        asked = self._state.ask(kept_reports.last_asked) if self._state else None
        if asked is None:
            return False
        last, self._asked = self._asked, asked
        return last is not None and asked > last

    def _takes_turn(self, interval: float, *, otherwise: bool = True) -> bool:
        """Whether this instance examines the deployment.

        :param otherwise: the answer where the database has none. The reason may be one that only
            an examination of the deployment tells, so it is better found on each instance than
            on none.
        """
        if self._state is None:
            return otherwise and not self._serves_only
        taken = self._state.ask(
            lambda state: kept_reports.take_turn(state, self._instance, interval)
        )
        return otherwise if taken is None else taken

    def _round(self, scopes: Collection[Scope]) -> None:
        begun = time.monotonic()
        try:
            document = self._examiner.examine(scopes)
        except StoppedError:
            return
        except NoReportError as error:
            log_lines.log_broken(scopes, str(error))
        else:
            for scope in scopes:
                self._tell(document, scope)
        if Scope.INSTANCE in scopes:
            # At rest at least as long as at work, however short the interval is.
            now = time.monotonic()
            self._next = max(begun + self._interval, now + (now - begun))

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
            self._state.ask(lambda state: kept_reports.keep(state, report))
            self._state.ask(lambda state: kept_reports.forget_instances(state, self._interval))


def main(words: list[str]) -> None:
    stopping = threading.Event()
    stop_when_told(stopping, end_with_parent=END_WITH_PARENT in words)
    with fail_closed():
        subject = Subject()
        settings = subject.context.settings
        log_to_stdout(settings.log_format)
        if not settings.check_interval:
            logger.info("The doctor makes no rounds: KOLIBRI_AZURE_CHECK_INTERVAL is 0.")
            return
        Rounds(subject, settings.check_interval, stopping).go()


if __name__ == "__main__":
    main(sys.argv[1:])
