"""Who can sign in to the demo. The passwords are random, and kept in the stand-in's vault only."""

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
    """A user with the password that the account was made with."""

    name: str
    password: str


@dataclass(frozen=True)
class Accounts:
    """The two that every demo has."""

    superuser: Account
    learner: Account

    @classmethod
    def of(cls, azure: AzureStandin) -> Accounts:
        """Those that the vault knows, made there when it is new."""
        return cls(
            Account(SUPERUSER, lasting_secret(azure, SUPERUSER_SECRET, PASSWORD_BYTES)),
            Account(LEARNER, lasting_secret(azure, LEARNER_SECRET, PASSWORD_BYTES)),
        )


def lasting_secret(azure: AzureStandin, name: str, size: int) -> str:
    """What the vault holds under `name`; `size` random bytes as text when it holds nothing."""
    kept = azure.secrets.get(name)
    return (kept or azure.set_secret(name, token_urlsafe(size))).value
