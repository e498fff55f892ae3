"""Every migration of Kolibri's, Morango's and Django's is one transaction, but for those here."""

from __future__ import annotations

import json
import subprocess
import sys

MIGRATIONS = """
import json, sys
from devtools.patches.__main__ import set_up_kolibri
set_up_kolibri(sys.argv[1])
from django.db.migrations.loader import MigrationLoader
from kolibri_azure_plugin.migrating.whole import is_one_transaction
migrations = MigrationLoader(None).disk_migrations
print(json.dumps([len(migrations), sorted(
    ".".join(key) for key, migration in migrations.items() if not is_one_transaction(migration)
)]))
"""

#: It makes an index beside a running server, and can be done again: IF NOT EXISTS. A database that
#: lacks it is older than any that an upgrade begins from.
NOT_ATOMIC = ["morango.0021_store_partition_index_create"]

AT_LEAST = 200


def test_what_is_not_one_transaction_is_known_by_name(tmp_path):
    command = [sys.executable, "-c", MIGRATIONS, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)

    count, not_atomic = json.loads(run.stdout.splitlines()[-1])

    assert count > AT_LEAST
    assert not_atomic == NOT_ATOMIC
