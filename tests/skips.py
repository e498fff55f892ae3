"""Turns a skipped test into a failure in a complete environment.

A test that lacks a program is skipped, so that everyone can run the others. A complete environment
sets KOLIBRI_AZURE_NO_SKIPS=1.
"""

from __future__ import annotations

import os
import re

import pytest

NO_SKIPS = "KOLIBRI_AZURE_NO_SKIPS"

#: Reasons for which a test may be skipped even so.
ALLOWED = (
    # Long forms, and tests that run alone. Each has its own command.
    "long form: `make long`",
    "runs alone: `make smb`",
    "minutes; KOLIBRI_AZURE_MIGRATION_KILLS",
    "set KOLIBRI_AZURE_SYNC_ROUNDS",
    "set KOLIBRI_AZURE_MOVE_LEARNERS",
    # Tests that root can't run.
    "root may write everywhere",
    "root may read every folder",
    # Packages without a version for an old Python.
    "needs asyncssh 2.24",
    # Programs without a Debian package.
    "terraform is not installed",
    "no AZURE_EXTENSION_DIR",
    "this kernel does not name what a process waits for",
)


def fail_instead(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn the report of a skip into a failure, unless the skip is allowed."""
    if not os.environ.get(NO_SKIPS) or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = reason_of(report)
    if not is_allowed(reason):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be missing ({NO_SKIPS}): {reason}"


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason for a skip."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return re.sub(r"^Skipped: ", "", text)


def is_allowed(reason: str) -> bool:
    return reason.startswith(ALLOWED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    fail_instead(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    fail_instead(report)
    return report
