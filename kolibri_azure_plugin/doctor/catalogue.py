"""All checks in the order of the report, and the selection of some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kolibri_azure_plugin.doctor.checks import (
    accounts,
    background,
    backups,
    channels,
    content,
    database,
    database_health,
    database_rights,
    identity,
    kolibri,
    patches,
    platform,
    vault,
)
from kolibri_azure_plugin.doctor.registry import Check, Scope

CHECKS: tuple[Check, ...] = (
    *identity.CHECKS,
    *vault.CHECKS,
    *database.CHECKS,
    *database_rights.CHECKS,
    *database_health.CHECKS,
    *content.CHECKS,
    *kolibri.CHECKS,
    *patches.CHECKS,
    *accounts.CHECKS,
    *background.CHECKS,
    *backups.CHECKS,
    *channels.CHECKS,
    *platform.CHECKS,
)


def names() -> list[str]:
    """Every id and every category."""
    return [*dict.fromkeys(check.category for check in CHECKS), *(check.id for check in CHECKS)]


def select(
    only: Sequence[str] = (), skip: Iterable[str] = (), scope: Scope | None = None
) -> list[Check]:
    """The checks with these ids and categories, and those that they require, except the skipped.

    :param only: empty for all.
    :param scope: the scope of the checks; None for both.
    """
    by_id = {check.id: check for check in CHECKS}
    wanted = [
        check
        for check in CHECKS
        if (not only or _is_named(check, only)) and scope in (None, check.scope)
    ]
    selected: set[str] = set()
    while wanted:
        check = wanted.pop()
        if check.id not in selected:
            selected.add(check.id)
            wanted.extend(by_id[name] for name in (*check.requires, *check.after))
    skipped = tuple(skip)
    return [check for check in CHECKS if check.id in selected and not _is_named(check, skipped)]


def _is_named(check: Check, named: Sequence[str]) -> bool:
    return check.id in named or check.category in named
