"""A backup needs a folder with room for it that is neither lost nor served."""

from __future__ import annotations

import contextlib

import pytest

from kolibri_azure_plugin.speed.postgresql import CREATE_TABLE
from kolibri_azure_plugin.speed.postgresql import TABLE as CACHE
from tests.fuse import NEEDS_FUSE

from .backing_up import FOLDER, SOON

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "folder, found",
    [
        ("", "it is not set"),
        ("backups", "not absolute"),
        ("{home}/backups", "which is in KOLIBRI_HOME"),
        ("{home}/..", "which contains KOLIBRI_HOME"),
        ("{mount}/backups", "which is in the content share"),
        ("/nowhere/at/all", "no such folder"),
    ],
    ids=["none", "relative", "in the home", "around the home", "in the content", "missing"],
)
def test_a_folder_that_would_be_lost_or_served_is_refused(folder, found, backups):
    deployment = backups.deployment
    where = folder.format(home=deployment.home, mount=deployment.mount_point)
    for command in (("create",), ("list",)):
        refused = backups.run(*command, **{FOLDER: where})
        assert refused.returncode == 1
        assert found in refused.stderr
        assert "#backup-folder-" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_on_app_service_a_folder_without_a_mount_is_refused(backups):
    refused = backups.run("create", WEBSITE_SITE_NAME="kolibri", WEBSITE_INSTANCE_ID="1")
    assert "nothing is mounted" in refused.stderr
    assert "#backup-folder-unsuitable" in refused.stderr


@pytest.mark.parametrize("kind", ["hang", "dead"])
@NEEDS_FUSE
def test_a_share_that_fails_is_reported_at_once(kind, backups, tmp_path):
    (tmp_path / "source").mkdir()
    backups.deployment.more_shares.append((kind, backups.folder, tmp_path / "source"))
    refused = backups.run("create")
    assert refused.returncode == 1
    assert "#share-" in refused.stderr


def test_a_backup_needs_room_for_the_whole_database(backups):
    # 16 MiB, nearly all of them in use.
    backups.deployment.more_shares.append(("full", backups.folder, backups.folder))
    refused = backups.run("create")
    assert refused.returncode == 1
    assert "There is no room for a backup." in refused.stderr
    assert "#backup-no-room" in refused.stderr


def test_a_share_that_becomes_full_leaves_nothing_incomplete(backups, postgres, tmp_path):
    go, filled = tmp_path / "go", tmp_path / "filled"
    script = tmp_path / "on_a_small_share"
    script.write_text(
        f"""#!/bin/sh
        mount -t tmpfs -o size=200m tmpfs {backups.folder}
        (until [ -e {go} ]; do sleep 0.05; done
         head -c 1G /dev/zero >{backups.folder}/something_else; touch {filled}) 2>/dev/null &
        "$@"; code=$?; ls {backups.folder}; exit $code
        """
    )
    script.chmod(0o700)
    database = backups.deployment.database
    postgres.execute(f"{CREATE_TABLE}; ALTER TABLE {CACHE} OWNER TO kolibri", database=database)
    with contextlib.closing(postgres.connect(database)) as session:
        with session.cursor() as cursor:
            # pg_dump waits for this table, after its file has been opened.
            cursor.execute(f"LOCK TABLE {CACHE}")
        with backups.start("create", wrapper=("unshare", "--mount", str(script))) as process:
            process.wait_until(lambda: waits_for_a_lock(postgres, database), "pg_dump", SOON)
            go.touch()
            process.wait_until(filled.exists, "the share to be full", SOON)
            session.rollback()
            assert process.wait_for_exit(SOON) == 1
    assert "No space left on device" in process.output
    assert "#backup-no-room" in process.output
    assert process.output.splitlines()[-1] == "something_else"


def waits_for_a_lock(postgres, database):
    return postgres.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        " AND application_name LIKE 'kolibri backup dump%%'",
        (database,),
    )
