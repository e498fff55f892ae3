"""Temporary errors are retried within one deadline; others fail at once."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.errors import VaultError, retry
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline


def error(*, transient, retry_after=0.0):
    return VaultError(
        "The vault failed.",
        expected="an answer",
        found="none",
        remedy="wait",
        code="vault-busy",
        transient=transient,
        retry_after=retry_after,
    )


class Operation:
    """Fails with each of these errors in turn, then succeeds."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retry, "MAX_DELAY", 0.02)


def test_a_transient_error_is_tried_again(caplog):
    operation = Operation(error(transient=True), error(transient=True))
    assert retry_until_deadline(operation, Deadline(30)) == "done"
    assert operation.calls == 3
    assert "Try 1 failed" in caplog.text
    assert "Try 2 failed" in caplog.text


def test_a_final_error_is_raised_at_once():
    operation = Operation(error(transient=False))
    with pytest.raises(VaultError):
        retry_until_deadline(operation, Deadline(30))
    assert operation.calls == 1


def test_nothing_is_begun_after_the_deadline():
    operation = Operation(*[error(transient=True)] * 100)
    with pytest.raises(VaultError):
        retry_until_deadline(operation, Deadline(0))
    assert operation.calls == 1


def test_no_retry_where_the_server_asks_for_more_time_than_is_left():
    operation = Operation(error(transient=True, retry_after=60))
    with pytest.raises(VaultError):
        retry_until_deadline(operation, Deadline(5))
    assert operation.calls == 1
