"""The files of a backup, when making them is interrupted or a share misbehaves."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

import pytest

from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.facility_data.backups import (
    catalogue,
    catalogue_process,
    creating,
    manifest,
)
from kolibri_azure_plugin.facility_data.backups.manifest import (
    DUMP,
    MANIFEST,
    NAME,
    PARTIAL,
    VERIFIED,
    path_of,
)
from tests.integration.planted_backups import plant

#: How the last step ends although the share has done it.
ENDS = [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")]


@pytest.fixture
def incomplete(tmp_path):
    """The path of a backup that is complete except for its name."""
    dump = plant(tmp_path, hours=0, verified=False)
    dump.rename(f"{dump}{PARTIAL}")
    return str(dump)


def end_with(error, path, *, named):
    """End the last step with an error, after or before the file got its name."""
    with creating.removed_if_incomplete(os.path.dirname(path), path):
        if named:
            os.rename(path + PARTIAL, path)
        raise error


@pytest.mark.parametrize("error", ENDS, ids=["Ctrl-C", "an error"])
def test_a_backup_that_has_its_name_keeps_its_manifest(incomplete, error, tmp_path):
    with pytest.raises((KeyboardInterrupt, KolibriAzureError)):
        end_with(error, incomplete, named=True)
    (found,) = catalogue.find_backups(str(tmp_path))
    assert found.problem == ""


@pytest.mark.parametrize("error", ENDS, ids=["Ctrl-C", "an error"])
def test_of_a_backup_without_its_name_nothing_stays(incomplete, error, tmp_path):
    Path(f"{path_of(incomplete, MANIFEST)}{PARTIAL}").touch()
    with pytest.raises((KeyboardInterrupt, KolibriAzureError)):
        end_with(error, incomplete, named=False)
    assert list(tmp_path.iterdir()) == []


def test_only_the_user_that_makes_a_backup_can_read_what_is_next_to_it(tmp_path):
    before = os.umask(0o022)
    try:
        manifest.write_durably(str(tmp_path / "a.json"), b"{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


def test_a_backup_of_another_user_is_listed_as_one_that_can_not_be_used(tmp_path, monkeypatch):
    theirs, ours = plant(tmp_path, hours=2), plant(tmp_path, hours=1)
    for path in tmp_path.iterdir():
        path.chmod(0 if path.stem.startswith(theirs.stem) else 0o644)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with nobody():
        entries = catalogue_process.list_backups(
            ".", name=NAME.pattern, dump=DUMP, manifest=MANIFEST, verified=VERIFIED
        )["backups"]
    problems = {each["file"]: catalogue.backup_of(".", each).problem for each in entries}
    assert problems[ours.name] == ""
    assert "only another user can read it" in problems[theirs.name]


@contextlib.contextmanager
def nobody():
    """Root may read everything, so be another user during a `with` block."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
