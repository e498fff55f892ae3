"""Which of Kolibri's tables exist?"""

from __future__ import annotations

from typing import Any


def has_table(model: Any) -> bool:
    """False before the first start, which migrates the database."""
    from django.db import connection

    names = connection.introspection.table_names()
    connection.close()
    return model._meta.db_table in names  # noqa: SLF001 (Django documents it)
