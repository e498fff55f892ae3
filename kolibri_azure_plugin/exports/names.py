"""Names of exports that every file system and every browser takes.

Kolibri names an export after its facility, whatever that is called. What may stand in a name here
is what SMB, Azure Files, Windows and Linux have in common; letters of all scripts are among it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import quote

#: Bytes in UTF-8. File systems take 255; browsers add a few while they save, and Windows counts the
#: folder too.
LONGEST = 180

#: SMB and Windows refuse these, and XML, in which Azure lists files, can't say the last two.
REFUSED = frozenset('"*/:<>?\\|\ufffe\uffff')

#: Control characters, surrogates, private ones, and the ends of lines and paragraphs.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})

#: Invisible, and needed to write some languages. The others turn the direction of what follows.
JOINERS = frozenset("\u200c\u200d")

#: What Kolibri puts after the facility's name: four digits of its id, and what is exported.
EXPORTED = r"_[0-9a-f]{4}_[\w.-]*\.csv"

#: A name as Kolibri gives it to Django's storage (0.19.5, CSV_EXPORT_FILENAMES).
STORED = re.compile(
    rf"(?P<folder>log_export/)(?P<facility>.*)(?P<exported>{EXPORTED})", re.ASCII | re.DOTALL
)
DOWNLOADED = re.compile(rf"(?P<facility>.*)(?P<exported>{EXPORTED})", re.ASCII | re.DOTALL)


def storage_name(name: str) -> str:
    """The name under which a file of the media folder is kept; most are kept as they are called.

    An export whose name had to be changed gets a digest of the old one, so that two facilities
    whose names become equal don't overwrite each other's.
    """
    found = STORED.fullmatch(name)
    if found is None:
        return name
    folder, facility, exported = found.group("folder", "facility", "exported")
    if _cleaned(facility) == facility and _fits(facility + exported):
        return name
    ending = f"-{hashlib.sha256(facility.encode()).hexdigest()[:12]}{exported}"
    return folder + _cut(_cleaned(facility), ending) + ending


def plain_name(name: str) -> str:
    """A name for a new file, of which Kolibri keeps the name that it gets.

    What somebody uploads keeps the ending that it had on that computer.
    """
    return _cut(_cleaned(name), "")


def content_disposition(name: str) -> str:
    """The header by which a browser saves an answer under this name (RFC 6266).

    Old browsers read the first name alone, which is ASCII; the others prefer the second.
    """
    name = _downloaded(name)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "", unicodedata.normalize("NFKD", name)).lstrip(" ._")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _downloaded(name: str) -> str:
    found = DOWNLOADED.fullmatch(name)
    facility, exported = found.group("facility", "exported") if found else (name, "")
    return _cut(_cleaned(facility), exported) + exported


def _cleaned(text: str) -> str:
    """Text in which nothing is left that somebody refuses in a name."""
    composed = unicodedata.normalize("NFC", text)
    return "".join("_" if _is_refused(character) else character for character in composed).lstrip(
        " ."
    )


def _is_refused(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        character in REFUSED
        or category in REFUSED_CATEGORIES
        or (category == "Cf" and character not in JOINERS)
    )


def _fits(name: str) -> bool:
    return len(name.encode()) <= LONGEST


def _cut(text: str, ending: str) -> str:
    """As much of a text as fits before the ending, in whole characters."""
    return text.encode()[: LONGEST - len(ending.encode())].decode(errors="ignore")
