"""The arguments of ``kolibri manage azure_check``."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import sys

from kolibri_azure_plugin.doctor import catalogue
from kolibri_azure_plugin.doctor.registry import DEEP_TIMEOUT, Scope

#: Exit codes.
ALL_PASSED, FAILURE, WARNING, USAGE_ERROR, INTERNAL_ERROR = range(5)

#: Seconds for one examination while an administrator waits.
DEFAULT_TIMEOUT = 25.0

#: The same if no one waits.
BACKGROUND_TIMEOUT = 120.0

EPILOG = f"""exit codes:
  {ALL_PASSED}  all checks passed; warnings are allowed
  {FAILURE}  a check failed
  {WARNING}  a check warned, with --fail-level warning
  {USAGE_ERROR}  wrong usage
  {INTERNAL_ERROR}  the doctor itself failed
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    made = _Parser(
        prog="kolibri manage azure_check",
        description="Examines this deployment and reports what is wrong, why, and which command "
        "fixes it. It changes nothing, and works even if Kolibri can't start.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "--format",
        choices=("table", "json", "short"),
        default="table",
        help="how to report (default: %(default)s)",
    )
    made.add_argument(
        "--only",
        nargs="+",
        type=_name,
        default=[],
        metavar="ID_OR_CATEGORY",
        help="run these checks, and those that they require",
    )
    made.add_argument(
        "--skip",
        nargs="+",
        type=_name,
        default=[],
        metavar="ID_OR_CATEGORY",
        help="leave these checks out",
    )
    made.add_argument(
        "--scope",
        choices=[scope.value for scope in Scope],
        help="run the checks of this instance, or of the deployment, and those that they require",
    )
    made.add_argument("--list", action="store_true", help="list the checks and run none")
    made.add_argument(
        "--deep", action="store_true", help="look for every content file, not a sample"
    )
    made.add_argument(
        "--unhurried",
        action="store_true",
        help="one check at a time, with longer timeouts; repeat once if one fails",
    )
    made.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="repeat until nothing fails, for this long at most",
    )
    made.add_argument(
        "--fail-level",
        choices=("warning", "error"),
        default="error",
        help="the lowest level that counts in the exit code (default: %(default)s)",
    )
    made.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help=f"seconds for one examination (default: {DEFAULT_TIMEOUT:g}, with --unhurried "
        f"{BACKGROUND_TIMEOUT:g}, with --deep {DEEP_TIMEOUT:g}), and for each check that would "
        "otherwise get less",
    )
    return made


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 < seconds < float("inf"):
            return seconds
    raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")


def _name(text: str) -> str:
    known = catalogue.names()
    if text in known:
        return text
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.4)
    guess = f"; did you mean {' or '.join(near)}?" if near else ""
    raise argparse.ArgumentTypeError(
        f"there is no check {text}{guess} (kolibri manage azure_check --list shows all)"
    )
