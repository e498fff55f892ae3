"""The ledger of tokens: to whom each was issued, for what, and until when.

Real tokens are signed documents of 2,000 characters. These are short random strings, because
PostgreSQL's RADIUS client allows only 128 characters for a password.
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
        """Show the owner, never the value."""
        return f"Token({self.client_id} for {self.resource} until {self.expires_on})"


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    `reason` is ``valid``, ``unknown``, ``expired`` or ``wrong-resource``; `token` is None only if
    unknown.
    """

    reason: str
    token: Token | None = None

    def __bool__(self) -> bool:
        """Whether the token is valid now, for the requested resource."""
        return self.reason == "valid"


class TokenLedger:
    """Issues tokens and remembers all, to distinguish expired tokens from forged ones."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def issue(self, client_id: str, resource: str, lifetime: float) -> Token:
        """Issue a token that is valid for `lifetime` seconds; if negative, it has expired."""
        value = f"standin.{secrets.token_urlsafe(32)}"
        token = Token(value, client_id, normalized(resource), int(time.time() + lifetime))
        self._tokens[token.value] = token
        return token

    def check(self, value: str, resource: str) -> Verdict:
        """Check a token that `resource` has just received."""
        token = self._tokens.get(value)
        if token is None:
            return Verdict("unknown")
        if token.resource != normalized(resource):
            return Verdict("wrong-resource", token)
        if token.expires_on <= time.time():
            return Verdict("expired", token)
        return Verdict("valid", token)

    def issued(self) -> list[Token]:
        """All issued tokens, oldest first."""
        return list(self._tokens.values())


def normalized(resource: str) -> str:
    """The resource without the slash or ``/.default`` that some clients append."""
    return resource.removesuffix("/.default").rstrip("/")
