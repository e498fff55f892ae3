"""The process that makes a backup, when it can't even be started."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.facility_data.backups import apart


def test_a_machine_that_can_not_start_the_process_is_a_failed_backup_and_nothing_worse(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(apart, "PROGRAM", (str(tmp_path / "nothing"),))
    with pytest.raises(apart.BackupFailedError, match="could not be started: No such file"):
        apart.run(("upgrade", "an upgrade"), 10)
