"""The demo's accounts. Their random passwords are stored only in the stand-in's vault."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_urlsafe

from devtools.azure_standin import AzureStandin

FACILITY = "Kolibri School"
SUPERUSER, SUPERUSER_SECRET = "admin", "kolibri-superuser-password"
LEARNER, LEARNER_SECRET = "learner", "demo-learner-password"
PASSWORD_BYTES = 9


@dataclass(frozen=True, repr=False)
class Account:
    """A user and their initial password."""

    name: str
    password: str


@dataclass(frozen=True)
class Accounts:
    """The two accounts of every demo."""

    superuser: Account
    learner: Account

    @classmethod
    def of(cls, azure: AzureStandin) -> Accounts:
        """The accounts in the vault, created if it is new."""
        return cls(
            Account(SUPERUSER, persistent_secret(azure, SUPERUSER_SECRET, PASSWORD_BYTES)),
            Account(LEARNER, persistent_secret(azure, LEARNER_SECRET, PASSWORD_BYTES)),
        )


def persistent_secret(azure: AzureStandin, name: str, size: int) -> str:
    """Return the secret `name`; if absent, create it from `size` random bytes."""
    kept = azure.secrets.get(name)
    return (kept or azure.set_secret(name, token_urlsafe(size))).value
