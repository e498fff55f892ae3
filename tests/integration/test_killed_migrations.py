"""A killed migration runs again, and a half-recorded one is recognised.

Each kill is a SIGKILL right before the migrating process sends a statement. `make kills` is the
long form.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from devtools.fleet import Fleet
from devtools.kolibri_process import Finished
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

from .statement_kills import killed_before, statements_file

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KOLIBRI_AZURE_MIGRATION_KILLS", "0"))
RECORD = 'INSERT INTO "django_migrations"'
UNRECORD = 'DELETE FROM "django_migrations"'

#: Number of records of Morango's migrations, most from one squashed migration.
RECORDS_OF_MORANGO = 28

#: A migration with two tables on which no other depends, and a column of one of them.
HALF = ("attendance", "0001_initial_attendance_models")
TABLE, COLUMN = "attendance_attendancesession", "session_start_datetime"

NEVER = -1

#: A deadline in seconds; on an idle machine a start takes a few.
SECONDS = 600

#: Numbers of recorded migrations before the kill, for the short and the long form.
MADE = (0, 1, 7, 12, 18, 23) if KILLS else (3,)


@pytest.mark.parametrize("made", MADE)
def test_a_squashed_migration_that_is_killed_while_it_is_recorded_is_done_again(fleet, made):
    killed = start_until(fleet, made, beginning=RECORD, parameter="morango")
    assert killed.code == -signal.SIGKILL, killed.output
    assert not table_exists(fleet, "morango_store")

    again = fleet.instance("next").run("manage", "check", seconds=SECONDS)

    assert again.code == 0, again.output
    assert len(recorded(fleet, "morango")) == RECORDS_OF_MORANGO


@pytest.mark.parametrize("made", MADE)
def test_records_that_an_older_version_left_out_are_made_at_the_next_start(
    fleet, ready_fleet, made
):
    as_before = {"STATEMENT_KILLER_AS_BEFORE": "1"}
    killed = start_until(fleet, made, beginning=RECORD, parameter="morango", settings=as_before)
    assert killed.code == -signal.SIGKILL, killed.output
    assert len(recorded(fleet, "morango")) == made
    assert table_exists(fleet, "morango_store")

    repaired = fleet.instance("next").run("manage", "check", seconds=SECONDS)

    assert repaired.code == 0, repaired.output
    assert "The schema of these migrations existed without a record" in repaired.output
    assert len(recorded(fleet, "morango")) == RECORDS_OF_MORANGO
    assert schema(fleet) == schema(ready_fleet)


def test_a_migration_that_is_killed_while_it_is_undone_is_not_undone(ready_fleet):
    app, name = HALF
    undo = ("--skip-update", "migrate", app, "zero")
    killed = start_until(ready_fleet, 0, undo, beginning=UNRECORD)
    assert killed.code == -signal.SIGKILL, killed.output
    assert name in recorded(ready_fleet, app)
    assert table_exists(ready_fleet, TABLE)

    again = ready_fleet.instance("next").run("manage", *undo, seconds=SECONDS)

    assert again.code == 0, again.output
    assert not recorded(ready_fleet, app)
    assert not table_exists(ready_fleet, TABLE)


def test_a_partly_applied_migration_is_refused_with_its_remedy(ready_fleet):
    execute(ready_fleet, "DELETE FROM django_migrations WHERE (app, name) = (%s, %s)", *HALF)
    execute(ready_fleet, f"ALTER TABLE {TABLE} DROP COLUMN {COLUMN}")

    refused = start_an_upgrade(ready_fleet)

    assert refused.code == EXIT_CODE
    assert f"Migration {'.'.join(HALF)} can't be applied" in refused.output
    assert f'relation "{TABLE}" already exists' in refused.output
    assert "#migration-half-recorded" in refused.output
    command = f"kolibri manage --skip-update migrate {' '.join(HALF)} --fake"
    assert command in refused.output

    execute(ready_fleet, f"ALTER TABLE {TABLE} ADD {COLUMN} text NOT NULL")
    assert ready_fleet.instance("next").run(*command.split()[1:]).code == 0
    assert start_an_upgrade(ready_fleet).code == 0


@pytest.mark.skipif(not KILLS, reason="minutes; KOLIBRI_AZURE_MIGRATION_KILLS says how many kills")
def test_after_a_kill_at_any_statement_the_next_start_succeeds(fleet_on, old_template, counts):
    for what, template, kills in (
        ("an installation", None, KILLS - KILLS // 3),
        ("an upgrade from 0.18.4", old_template, KILLS // 3),
    ):
        statements, complete = whole_run(fleet_on, template)
        counts(f"{what} has {len(statements)} statements that write")
        for at in sorted(random.sample(range(len(statements)), kills)):
            for fleet in fleet_on(template):
                killed = start_until(fleet, at)
                assert killed.code == -signal.SIGKILL, killed.output
                start = fleet.instance("next").run("manage", "check", seconds=SECONDS)
                counts(f"killed {what} before {statements[at]}; the next start: {start.code}")
                assert start.code == 0, start.output
                assert schema(fleet) == complete


def whole_run(fleet_on, template) -> tuple[list[str], list[tuple]]:
    """The statements of an undisturbed start, and the resulting schema."""
    for fleet in fleet_on(template):
        finished = start_until(fleet, NEVER)
        assert finished.code == 0, finished.output
        return statements_file(fleet).read_text().splitlines(), schema(fleet)
    raise AssertionError("there is no database")


def start_until(
    fleet: Fleet,
    at: int,
    command: Sequence[str] = ("check",),
    *,
    beginning: str = "",
    parameter: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Finished:
    """Run `kolibri manage`, killed right before the counted statement with this number."""
    killer = killed_before(fleet, at, beginning=beginning, parameter=parameter)
    settings = {**settings, **killer}
    return fleet.instance("killed", settings).run("manage", *command, seconds=SECONDS)


def start_an_upgrade(fleet: Fleet) -> Finished:
    """A start that finds a database of an older Kolibri."""
    older = "UPDATE kolibri_azure_state SET value = '\"0.19.4\"' WHERE key = 'kolibri_version'"
    execute(fleet, older)
    return fleet.instance("next").run("manage", "check", seconds=SECONDS)


def recorded(fleet: Fleet, app: str) -> set[str]:
    rows = execute(fleet, "SELECT name FROM django_migrations WHERE app = %s", app)
    return {row[0] for row in rows}


def table_exists(fleet: Fleet, name: str) -> bool:
    return bool(execute(fleet, "SELECT to_regclass(%s) IS NOT NULL", name)[0][0])


def schema(fleet: Fleet) -> list[tuple]:
    """All columns, indexes, constraints and recorded migrations."""
    return execute(
        fleet,
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' UNION ALL"
        " SELECT tablename, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
        " SELECT conrelid::regclass::text, pg_get_constraintdef(oid), contype::text, ''"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace UNION ALL"
        " SELECT app, name, '', '' FROM django_migrations ORDER BY 1, 2, 3, 4",
    )


def execute(fleet: Fleet, statement: str, *values: object) -> list[tuple]:
    return fleet.postgres.execute(statement, values, database=fleet.database)
