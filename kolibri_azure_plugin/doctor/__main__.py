"""The doctor as a program of its own: ``python -m kolibri_azure_plugin.doctor``.

``kolibri manage azure_check`` becomes this program before Kolibri initializes itself, so that
nothing is migrated, created or waited for (see handover.py).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TextIO

import kolibri
from kolibri.utils.conf import KOLIBRI_HOME

import kolibri_azure_plugin
from kolibri_azure_plugin.checks import catalogue
from kolibri_azure_plugin.checks.model import DEEP_TIMEOUT, Scope, Status
from kolibri_azure_plugin.checks.runner import HURRIED, UNHURRIED, Result, run
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.doctor import arguments, json_document, short, table
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.instances import joining
from kolibri_azure_plugin.redaction import redact
from kolibri_azure_plugin.settings_table import is_true

#: The exit code of a shell's command that Ctrl-C has ended.
INTERRUPTED = 130

#: Seconds between two examinations with --wait, and before the second look of --unhurried.
PAUSE = 2.0

#: The file in KOLIBRI_HOME in which a doctor notes a probe of the share that can't be ended.
HUNG_PROBES = "azure_hung_probe.json"

#: What serves a request, or works for somebody, comes before a doctor that nobody waits for.
NICENESS = 10


def main(words: list[str]) -> int:
    """Examine, report, and return the exit code."""
    options = arguments.parser().parse_args(words)
    output = _keep_stdout_for_the_report()
    _quieten_logs()
    joining.stay_out()
    probe.note_hung_probes_in(Path(KOLIBRI_HOME, HUNG_PROBES))
    if options.unhurried:
        os.nice(NICENESS)
    try:
        if options.list:
            output.write(_listing())
            return arguments.ALL_WELL
        report = _examine_until_well(options)
        output.write(redact(_render(report, options.format, output)))
        return _exit_code(report, options.fail_level)
    except BrokenPipeError:
        return arguments.ALL_WELL
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # noqa: BLE001
        # The doctor must never be what an administrator has to debug without a word.
        sys.stderr.write(redact(traceback.format_exc()))
        return arguments.DOCTOR_BROKE
    finally:
        output.flush()


def _keep_stdout_for_the_report() -> TextIO:
    """Standard output for the report alone; what others print there goes to standard error."""
    encoding = sys.stdout.encoding
    output = os.fdopen(os.dup(1), "w", encoding=encoding, errors="replace")
    os.dup2(2, 1)
    return output


def _quieten_logs() -> None:
    """The report says it all; with KOLIBRI_DEBUG, what led to it as well."""
    if not is_true(os.environ.get("KOLIBRI_DEBUG", "")):
        logging.disable(logging.WARNING)


def _listing() -> str:
    width = max(len(check.id) for check in catalogue.CHECKS)
    lines = (
        f"{check.id:<{width}}  {check.scope.value:<10}  {check.description}"
        for check in catalogue.CHECKS
    )
    return "\n".join([*lines, ""])


def _examine_until_well(options: argparse.Namespace) -> Report:
    end = time.monotonic() + options.wait
    second_look = options.unhurried
    while True:
        report = _examine(options)
        well = _exit_code(report, options.fail_level) == arguments.ALL_WELL
        if well or (time.monotonic() + PAUSE > end and not second_look):
            return report
        second_look = False
        sys.stderr.write(f"{report.summary}; examining again\n")
        time.sleep(PAUSE)


def _examine(options: argparse.Namespace) -> Report:
    scope = Scope(options.scope) if options.scope else None
    checks = catalogue.select(options.only, options.skip, scope)
    subject = Subject(deep=options.deep)
    progress = _Progress(len(checks))
    pace = UNHURRIED if options.unhurried else HURRIED
    results = run(checks, subject, _timeout(options), progress.tell, pace)
    progress.clear()
    subject.close()
    return Report(kolibri_azure_plugin.__version__, kolibri.__version__, results)


def _timeout(options: argparse.Namespace) -> float:
    if options.timeout:
        return float(options.timeout)
    if options.deep:
        return DEEP_TIMEOUT
    return arguments.UNHURRIED_TIMEOUT if options.unhurried else arguments.DEFAULT_TIMEOUT


class _Progress:
    """A line on the terminal that says how far the examination is; nothing elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()

    def tell(self, result: Result) -> None:
        self._done += 1
        if self._shown:
            sys.stderr.write(f"\r\033[K{self._done}/{self._total} {result.check.id}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")


def _render(report: Report, kind: str, output: TextIO) -> str:
    if kind == "json":
        return json_document.render(report)
    if kind == "short":
        return short.render(report)
    return table.render(report, table.Style.of(output))


def _exit_code(report: Report, fail_level: str) -> int:
    statuses = {result.outcome.status for result in report.results}
    if Status.FAIL in statuses:
        return arguments.FAILURE
    if Status.WARN in statuses and fail_level == "warning":
        return arguments.WARNING
    return arguments.ALL_WELL


def _end(code: int) -> None:
    """End the process, also while a check that was given up still hangs in a system call."""
    sys.stderr.flush()
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _end(main(sys.argv[1:]))
