"""What ``kolibri manage azure_check`` understands."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import sys

from kolibri_azure_plugin.checks import catalogue
from kolibri_azure_plugin.checks.model import DEEP_TIMEOUT, Scope

#: Exit codes.
ALL_WELL, FAILURE, WARNING, WRONG_USAGE, DOCTOR_BROKE = range(5)

#: Seconds for one examination; the issue is that an administrator waits for it.
DEFAULT_TIMEOUT = 25.0

#: The same where nobody waits.
UNHURRIED_TIMEOUT = 120.0

EPILOG = f"""exit codes:
  {ALL_WELL}  all checks passed; warnings are allowed
  {FAILURE}  a check failed
  {WARNING}  a check warned, with --fail-level warning
  {WRONG_USAGE}  wrong usage
  {DOCTOR_BROKE}  the doctor itself broke
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(WRONG_USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    made = _Parser(
        prog="kolibri manage azure_check",
        description="Examines this deployment and says what is wrong, why, and what to type. "
        "It changes nothing, and works where Kolibri can't start.",
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
        help="run these checks, and what they require",
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
        help="run the checks about this instance, or about the deployment, and what they require",
    )
    made.add_argument("--list", action="store_true", help="list the checks and run none")
    made.add_argument(
        "--deep", action="store_true", help="look at every file of the content, not at a sample"
    )
    made.add_argument(
        "--unhurried",
        action="store_true",
        help="one check after the other, with patience, and what failed once more",
    )
    made.add_argument(
        "--wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="examine again until nothing fails, for so long",
    )
    made.add_argument(
        "--fail-level",
        choices=("warning", "error"),
        default="error",
        help="the mildest problem that the exit code shows (default: %(default)s)",
    )
    made.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help=f"seconds for one examination (default: {DEFAULT_TIMEOUT:g}, with --unhurried "
        f"{UNHURRIED_TIMEOUT:g}, with --deep {DEEP_TIMEOUT:g})",
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
