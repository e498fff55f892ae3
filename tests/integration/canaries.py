"""Recognisable secrets, and a search for them in every encoding that software uses for text."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

#: With every character that some layer between a vault and libpq escapes.
PASSWORD = "CANARY/pa ss@d'a\\t\"a&b<a>s%41e?é"
SECRET_KEY = "CANARY+secret/key=0123456789-0123456789"
SUPERUSER_PASSWORD = "CANARY&superuser'password"
IDENTITY_HEADER = "CANARY-IDENTITY-HEADER-0123456789"

#: Part of each canary. It survives every escaping, and a line break between two words.
MARK = "CANARY"

ALL = (PASSWORD, SECRET_KEY, SUPERUSER_PASSWORD, IDENTITY_HEADER)


def spellings(secret: str) -> Iterator[str]:
    """The secret as it is, and as URLs, Python, JSON, HTML, libpq and base64 encode it."""
    libpq = secret.replace("\\", "\\\\").replace("'", "\\'")
    for text in (secret, libpq):
        yield text
        yield quote(text)
        yield quote(text, safe="")
        yield quote_plus(text)
        for spelled in (repr(text)[1:-1], json.dumps(text)[1:-1], ascii(text)[1:-1]):
            yield spelled
            yield html.escape(spelled)
        yield html.escape(text)
    encoded = secret.encode()
    for offset in range(3):
        # Within longer base64, the neighbours affect the first and the last characters.
        middle = encoded[offset : offset + (len(encoded) - offset) // 3 * 3]
        yield base64.b64encode(middle).decode()
        yield base64.urlsafe_b64encode(middle).decode()


def leaks(text: str | bytes, secrets: Iterable[str] = ALL) -> list[str]:
    """Each encoded secret in the text, with the text before it."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    searched = [MARK, *(spelling for secret in secrets for spelling in spellings(secret))]
    return [
        f"…{text[max(0, text.index(spelling) - 200) : text.index(spelling)]}>>>{spelling}"
        for spelling in dict.fromkeys(searched)
        if spelling in text
    ]


def leaks_in_files(folder: Path, secrets: Iterable[str] = ALL) -> dict[str, list[str]]:
    """The files below a folder with a secret in their content or name."""
    found = {}
    for path in folder.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        leaking = leaks(held, secrets) + leaks(str(path), secrets)
        if leaking:
            found[str(path)] = leaking
    return found
