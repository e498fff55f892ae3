"""The ledger of tokens: which were issued, to whom, for what, and until when.

Real tokens are signed documents of two thousand characters. These are short random strings, so
that one fits the 128 characters which PostgreSQL's RADIUS client allows for a password.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    """A token; `expires_on` is in seconds since the epoch."""

    value: str
    client_id: str
    resource: str
    expires_on: int

    def __repr__(self) -> str:
        """Name the owner, never the value."""
        return f"Token({self.client_id} for {self.resource} until {self.expires_on})"


@dataclass(frozen=True)
class Verdict:
    """What a check of a token found.

    `reason` is ``valid``, ``unknown``, ``expired`` or ``wrong-resource``; `token` is None for an
    unknown one only.
    """

    reason: str
    token: Token | None = None

    def __bool__(self) -> bool:
        """Whether the token is good now for what it was shown for."""
        return self.reason == "valid"


class TokenLedger:
    """Issues tokens and remembers them all, so that an expired one is told from a forged one."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def issue(self, client_id: str, resource: str, lifetime: float) -> Token:
        """A new token, good for `lifetime` seconds (none at all when negative)."""
        value = f"standin.{secrets.token_urlsafe(32)}"
        token = Token(value, client_id, normalized(resource), int(time.time() + lifetime))
        self._tokens[token.value] = token
        return token

    def check(self, value: str, resource: str) -> Verdict:
        """Judge a token that was shown to `resource` just now."""
        token = self._tokens.get(value)
        if token is None:
            return Verdict("unknown")
        if token.resource != normalized(resource):
            return Verdict("wrong-resource", token)
        if token.expires_on <= time.time():
            return Verdict("expired", token)
        return Verdict("valid", token)

    def issued(self) -> list[Token]:
        """Every token ever issued, the oldest first."""
        return list(self._tokens.values())


def normalized(resource: str) -> str:
    """The resource without the slash or ``/.default`` that some clients put behind it."""
    return resource.removesuffix("/.default").rstrip("/")
