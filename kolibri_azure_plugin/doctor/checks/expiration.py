"""Secrets and certificates that expire: when to warn, and how to say it."""

from __future__ import annotations

from kolibri_azure_plugin.errors.wording import counted

#: Days before the expiry at which to warn. Azure renews its own certificates earlier.
NEAR_DAYS = 30


def is_expiring_soon(days: int) -> bool:
    """Whether it is time to act.

    :param days: until the expiry; negative after it.
    """
    return days < NEAR_DAYS


def expiry_phrase(days: int) -> str:
    """The words that follow the name of the secret or certificate."""
    if days < 0:
        return f"expired {counted(-days, 'day')} ago"
    return f"expires in {counted(days, 'day')}"
