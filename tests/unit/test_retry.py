"""What may still be coming up is waited for, within one deadline; the rest fails at once."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin import retry
from kolibri_azure_plugin.errors import VaultError
from kolibri_azure_plugin.retry import Deadline, until_it_works


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
    """Fails with each of these errors in turn, then works."""

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
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.02)


def test_a_transient_error_is_tried_again(caplog):
    operation = Operation(error(transient=True), error(transient=True))
    assert until_it_works(operation, Deadline(30)) == "done"
    assert operation.calls == 3
    assert "Try 1 failed" in caplog.text
    assert "Try 2 failed" in caplog.text


def test_a_final_error_is_raised_at_once():
    operation = Operation(error(transient=False))
    with pytest.raises(VaultError):
        until_it_works(operation, Deadline(30))
    assert operation.calls == 1


def test_nothing_is_begun_after_the_deadline():
    operation = Operation(*[error(transient=True)] * 100)
    with pytest.raises(VaultError):
        until_it_works(operation, Deadline(0))
    assert operation.calls == 1


def test_who_asked_to_be_left_alone_for_longer_than_there_is_time_is_not_asked_again():
    operation = Operation(error(transient=True, retry_after=60))
    with pytest.raises(VaultError):
        until_it_works(operation, Deadline(5))
    assert operation.calls == 1
