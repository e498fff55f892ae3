"""Every migration of Kolibri, Morango and Django is one transaction, except those listed here."""

from __future__ import annotations

import json
import subprocess
import sys

MIGRATIONS = """
import json, sys
from devtools.patches.__main__ import set_up_kolibri
set_up_kolibri(sys.argv[1])
from django.db.migrations.loader import MigrationLoader
from kolibri_azure_plugin.database.migrations.atomic import is_one_transaction
migrations = MigrationLoader(None).disk_migrations
print(json.dumps([len(migrations), sorted(
    ".".join(key) for key, migration in migrations.items() if not is_one_transaction(migration)
)]))
"""

#: It creates an index while the server runs, and can run again: IF NOT EXISTS. A database without
#: it is older than any that an upgrade starts from.
NOT_ATOMIC = ["morango.0021_store_partition_index_create"]

MIN_MIGRATIONS = 200


def test_migrations_outside_one_transaction_are_listed_by_name(tmp_path):
    command = [sys.executable, "-c", MIGRATIONS, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)

    count, not_atomic = json.loads(run.stdout.splitlines()[-1])

    assert count > MIN_MIGRATIONS
    assert not_atomic == NOT_ATOMIC
