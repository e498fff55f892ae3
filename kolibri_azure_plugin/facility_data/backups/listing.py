"""The list of backups as a table."""

from __future__ import annotations

from collections.abc import Sequence

from kolibri_azure_plugin.errors.wording import megabytes
from kolibri_azure_plugin.facility_data.backups.catalogue import Backup

HEADINGS = ("FILE", "MADE (UTC)", "SIZE", "KOLIBRI", "VERIFIED (UTC)", "WHY")


def render(backups: Sequence[Backup]) -> str:
    """One line for each backup, below a line of headings."""
    rows = [HEADINGS, *(_cells(backup) for backup in backups)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    )


def _cells(backup: Backup) -> tuple[str, ...]:
    size = megabytes(backup.bytes)
    found = backup.manifest
    if found is None:
        return (backup.file, "", size, "", "", f"can't be used: {backup.problem}")
    verified = f"{backup.verified_at:%Y-%m-%d %H:%M}" if backup.verified_at else "not yet"
    reason = f"can't be used: {backup.problem}" if backup.problem else found.reason
    return (backup.file, f"{found.time:%Y-%m-%d %H:%M}", size, found.kolibri, verified, reason)
