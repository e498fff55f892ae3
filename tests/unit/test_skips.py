"""In a complete environment, a skipped test is a failure."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import skips

NGINX = "nginx is missing: apt-get install nginx"


def skipped(reason, **attributes):
    longrepr = ("a file", 1, f"Skipped: {reason}")
    return SimpleNamespace(outcome="skipped", skipped=True, longrepr=longrepr, **attributes)


@pytest.fixture
def outcome(monkeypatch):
    """The outcome of a skipped test, with and without skips allowed."""

    def outcome(report, *, no_skips=True):
        monkeypatch.setenv(skips.NO_SKIPS, "1" if no_skips else "")
        skips.fail_instead(report)
        return report.outcome

    return outcome


def test_a_missing_program_is_a_failure_that_names_it(outcome):
    report = skipped(NGINX)
    assert outcome(report) == "failed"
    assert NGINX in report.longrepr


def test_elsewhere_it_is_a_skip(outcome):
    assert outcome(skipped(NGINX), no_skips=False) == "skipped"


@pytest.mark.parametrize("reason", skips.ALLOWED)
def test_an_allowed_skip_stays_a_skip(reason, outcome):
    assert outcome(skipped(f"{reason} and so on")) == "skipped"


def test_a_failure_that_is_expected_is_no_skip(outcome):
    assert outcome(skipped("", wasxfail="a bug")) == "skipped"


@pytest.mark.parametrize("reason", skips.ALLOWED)
def test_each_allowed_skip_is_the_reason_of_a_test(reason, repository):
    files = [path for path in (repository / "tests").rglob("*.py") if path.name != "skips.py"]
    assert any(reason in path.read_text(encoding="utf-8") for path in files)
