"""Kolibri imports this before Django connects to anything.

Statements that read are not counted: a process that dies before one leaves what was written before.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created
from django.db.migrations.executor import MigrationExecutor
from kolibri.plugins import KolibriPluginBase

from kolibri_azure_plugin.database.migrations.atomic import AtomicExecutor

#: How many statements come first; none means that all are only counted.
AT = "STATEMENT_KILLER_AT"

#: A statement counts when it begins with this; any that writes, unless told.
BEGINNING = "STATEMENT_KILLER_BEGINNING"

#: And when one of its parameters is this; any, unless told.
PARAMETER = "STATEMENT_KILLER_PARAMETER"

#: Set for a process that migrates as versions of kolibri-azure did which left half a record.
AS_BEFORE = "STATEMENT_KILLER_AS_BEFORE"

#: A file that gets a line for each statement that counts.
LOG = "STATEMENT_KILLER_LOG"


class StatementKiller(KolibriPluginBase):
    """Has nothing to show."""


_before = 0


def _watch(connection: Any, **_named: Any) -> None:
    if os.environ.get(AS_BEFORE):
        AtomicExecutor.apply_migration = MigrationExecutor.apply_migration
    connection.execute_wrappers.append(_execute)


def _execute(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
    global _before
    if _counts(str(sql), parameters or ()):
        with Path(os.environ[LOG]).open("a") as file:
            file.write(f"{_before} {' '.join(str(sql).split())[:100]}\n")
        if str(_before) == os.environ.get(AT):
            os.kill(os.getpid(), signal.SIGKILL)
        _before += 1
    return execute(sql, parameters, many, context)


def _counts(sql: str, parameters: Any) -> bool:
    reads = sql.lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE"))
    parameter = os.environ.get(PARAMETER, "")
    named = not parameter or parameter in parameters
    return named and not reads and sql.startswith(os.environ.get(BEGINNING, ""))


connection_created.connect(_watch)
