"""The doctor as a program: ``python -m kolibri_azure_plugin.doctor``.

``kolibri manage azure_check`` runs this program before Kolibri initializes itself. So nothing is
migrated or created, and nothing waits (configuration/management_commands.py).
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TextIO

import kolibri
from kolibri.utils.conf import KOLIBRI_HOME

import kolibri_azure_plugin
from kolibri_azure_plugin.content import probe
from kolibri_azure_plugin.content.hung_probes import HungProbes
from kolibri_azure_plugin.doctor import arguments, catalogue, json_document, short, table
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.exit_code import exit_code_of, flush_and_exit
from kolibri_azure_plugin.doctor.progress import Progress
from kolibri_azure_plugin.doctor.registry import DEEP_TIMEOUT, Scope
from kolibri_azure_plugin.doctor.report import Report
from kolibri_azure_plugin.doctor.runner import BACKGROUND, INTERACTIVE, Pace, run
from kolibri_azure_plugin.errors.debugging import debug_is_on
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.instances import membership

#: The exit code after Ctrl-C, as in a shell.
INTERRUPTED = 130

#: Seconds between two examinations with --wait, and before the second one with --unhurried.
PAUSE = 2.0

#: The file in KOLIBRI_HOME that records a probe of the share that can't be ended.
HUNG_PROBES = "azure_hung_probe.json"

#: Web server and workers have priority over a doctor that no one waits for.
NICENESS = 10


def main(words: list[str]) -> int:
    """Examine, report, and return the exit code."""
    options = arguments.parser().parse_args(words)
    output = _reserve_stdout()
    _silence_logs()
    membership.skip_joining()
    probe.track_hung_probes(HungProbes(Path(KOLIBRI_HOME, HUNG_PROBES)))
    if options.unhurried:
        os.nice(NICENESS)
    try:
        if options.list:
            output.write(_listing())
            return arguments.ALL_PASSED
        report = _repeat_until_passed(options)
        output.write(redact(_render(report, options.format, output)))
        return exit_code_of(report, options.fail_level)
    except BrokenPipeError:
        return arguments.ALL_PASSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:  # noqa: BLE001
        # Even a fault of the doctor itself must leave a message.
        sys.stderr.write(redact(traceback.format_exc()))
        return arguments.INTERNAL_ERROR
    finally:
        output.flush()


def _reserve_stdout() -> TextIO:
    """Standard output for the report only. Other output goes to standard error."""
    encoding = sys.stdout.encoding
    output = os.fdopen(os.dup(1), "w", encoding=encoding, errors="replace")
    os.dup2(2, 1)
    return output


def _silence_logs() -> None:
    """The report is enough. With KOLIBRI_DEBUG, the logs are shown as well."""
    if not debug_is_on():
        logging.disable(logging.WARNING)


def _listing() -> str:
    width = max(len(check.id) for check in catalogue.CHECKS)
    lines = (
        f"{check.id:<{width}}  {check.scope.value:<10}  {check.description}"
        for check in catalogue.CHECKS
    )
    return "\n".join([*lines, ""])


def _repeat_until_passed(options: argparse.Namespace) -> Report:
    end = time.monotonic() + options.wait
    second_look = options.unhurried
    while True:
        report = _examine(options)
        well = exit_code_of(report, options.fail_level) == arguments.ALL_PASSED
        if well or (time.monotonic() + PAUSE > end and not second_look):
            return report
        second_look = False
        sys.stderr.write(f"{report.summary}; examining again\n")
        time.sleep(PAUSE)


def _examine(options: argparse.Namespace) -> Report:
    scope = Scope(options.scope) if options.scope else None
    checks = catalogue.select(options.only, options.skip, scope)
    ctx = CheckContext(deep=options.deep)
    progress = Progress(len(checks))
    results = run(checks, ctx, _timeout(options), progress.tell, pace_of(options))
    progress.clear()
    ctx.close()
    return Report(kolibri_azure_plugin.__version__, kolibri.__version__, results)


def pace_of(options: argparse.Namespace) -> Pace:
    """How fast to examine, and how long each check may take."""
    pace = BACKGROUND if options.unhurried else INTERACTIVE
    return dataclasses.replace(pace, least_limit=options.timeout or 0.0)


def _timeout(options: argparse.Namespace) -> float:
    if options.timeout:
        return float(options.timeout)
    if options.deep:
        return DEEP_TIMEOUT
    return arguments.BACKGROUND_TIMEOUT if options.unhurried else arguments.DEFAULT_TIMEOUT


def _render(report: Report, kind: str, output: TextIO) -> str:
    if kind == "json":
        return json_document.render(report)
    if kind == "short":
        return short.render(report)
    return table.render(report, table.Style.of(output))


if __name__ == "__main__":
    flush_and_exit(main(sys.argv[1:]))
