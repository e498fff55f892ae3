"""Recognisable secrets, and the search for them in every spelling that software gives to text."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

#: With everything that some layer between a vault and libpq escapes.
PASSWORD = "CANARY/pa ss@d'a\\t\"a&b<a>s%41e?é"
SECRET_KEY = "CANARY+secret/key=0123456789-0123456789"
SUPERUSER_PASSWORD = "CANARY&superuser'password"
IDENTITY_HEADER = "CANARY-IDENTITY-HEADER-0123456789"

#: What each of them holds: it survives every escaping, and being wrapped between two words.
MARK = "CANARY"

ALL = (PASSWORD, SECRET_KEY, SUPERUSER_PASSWORD, IDENTITY_HEADER)


def spellings(secret: str) -> Iterator[str]:
    """The secret as it is, and as URLs, Python, JSON, HTML, libpq and base64 spell it."""
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
        # In the midst of other base64 the neighbours decide the first and the last characters.
        middle = encoded[offset : offset + (len(encoded) - offset) // 3 * 3]
        yield base64.b64encode(middle).decode()
        yield base64.urlsafe_b64encode(middle).decode()


def leaks(text: str | bytes, secrets: Iterable[str] = ALL) -> list[str]:
    """Each spelling of a secret that the text holds, with what stands before it."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    searched = [MARK, *(spelling for secret in secrets for spelling in spellings(secret))]
    return [
        f"…{text[max(0, text.index(spelling) - 200) : text.index(spelling)]}>>>{spelling}"
        for spelling in dict.fromkeys(searched)
        if spelling in text
    ]


def leaks_in_files(folder: Path, secrets: Iterable[str] = ALL) -> dict[str, list[str]]:
    """The files below a folder that hold a secret, or have one in their name."""
    found = {}
    for path in folder.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        leaking = leaks(held, secrets) + leaks(str(path), secrets)
        if leaking:
            found[str(path)] = leaking
    return found
