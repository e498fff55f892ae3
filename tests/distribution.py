"""Distributes tests to the processes of pytest-xdist, and prints figures after the run.

Most tests wait for servers more than they compute, so two processes need about half the time of
one. The tests of a module stay together, as they share its servers, and so do those that need what
a machine has once: the store of container images, and the port of App Service's shell.
"""

from __future__ import annotations

import pytest

#: What each group consists of: folders and modules. Those that take longest begin first, so that
#: the last process to end does so soon after the others.
GROUPS = (
    ("tests/image", "tests/container/test_shell_in_the_container.py"),
    ("tests/container/test_supervision.py",),
    ("tests/integration/test_upgrades.py",),
    ("tests/integration/test_workers.py",),
    # They share the home of a school.
    ("tests/integration/test_move_in",),
    # They share the home of a stock Kolibri with two channels.
    ("tests/integration/test_first_content",),
    # One machine of the lab at a time: two would leave each half a processor.
    (
        "tests/container/test_real_smb.py",
        "tests/container/test_channels_on_smb.py",
        "tests/container/test_deletions_on_smb.py",
        "tests/integration/test_smb_lab.py",
    ),
)

FIGURES = "figures"


def group_of(path: str) -> str:
    """The name of the group of a module's tests."""
    return next((group[0] for group in GROUPS if path.startswith(group)), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid.partition("::")[0])

    config.option.loadscopereorder = False  # the order is that of the collection
    return ByGroup(config, log)


def pytest_collection_modifyitems(config, items):
    """Long groups start first; the others follow in their random order."""
    if hasattr(config, "workerinput"):
        first = [group[0] for group in GROUPS]
        ranks = {name: rank for rank, name in enumerate(first)}
        items.sort(key=lambda item: ranks.get(group_of(item.nodeid.partition("::")[0]), len(first)))


@pytest.fixture
def counts(record_property):
    """Print the figures that an issue asks for after every run."""

    def show(line: str) -> None:
        record_property(FIGURES, line)

    return show


def pytest_terminal_summary(terminalreporter):
    """All figures given to `counts`, whether the test passed or not."""
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    told = {
        report.nodeid: [text for name, text in report.user_properties if name == FIGURES]
        for report in reports
        if getattr(report, "when", None) == "teardown"
    }
    if any(told.values()):
        terminalreporter.section(FIGURES)
    for nodeid, lines in sorted(told.items()):
        if lines:
            terminalreporter.line(nodeid)
        for line in lines:
            terminalreporter.line("\n".join(f"  {each}" for each in line.splitlines()))
