"""Names for exports that every file system and every browser accepts.

Kolibri names an export after its facility, whose name may contain any character. The names here
contain only characters that SMB, Azure Files, Windows and Linux all accept, including letters of
all scripts.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import quote

#: Bytes in UTF-8. File systems accept 255, but browsers add a few while they save a file, and
#: Windows counts the folder, too.
MAX_LENGTH = 180

#: SMB and Windows refuse these. XML, in which Azure lists files, can't contain the last two.
REFUSED = frozenset('"*/:<>?\\|\ufffe\uffff')

#: Control characters, surrogates, private use, and line and paragraph separators.
REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})

#: Invisible characters that some languages need. Others can reverse the direction of the text.
JOINERS = frozenset("\u200c\u200d")

#: Kolibri's suffix after the facility's name: four digits of its id, and the kind of export.
EXPORTED = r"_[0-9a-f]{4}_[\w.-]*\.csv"

#: A name that Kolibri passes to Django's storage (0.19.5, CSV_EXPORT_FILENAMES).
STORED = re.compile(
    rf"(?P<folder>log_export/)(?P<facility>.*)(?P<exported>{EXPORTED})", re.ASCII | re.DOTALL
)
DOWNLOADED = re.compile(rf"(?P<facility>.*)(?P<exported>{EXPORTED})", re.ASCII | re.DOTALL)


def storage_name(name: str) -> str:
    """The stored name of a file in the media folder, which for most files is its own.

    A changed name of an export includes a digest of the old one. Otherwise two facilities whose
    names become equal would overwrite each other's exports.
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
    """A safe name for a new file other than an export. Uploads keep their extension."""
    return _cut(_cleaned(name), "")


def content_disposition(name: str) -> str:
    """The header with which a browser saves a response under this name (RFC 6266).

    Old browsers read only the first name, which is ASCII. All others prefer the second.
    """
    name = _downloaded(name)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "", unicodedata.normalize("NFKD", name)).lstrip(" ._")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _downloaded(name: str) -> str:
    found = DOWNLOADED.fullmatch(name)
    facility, exported = found.group("facility", "exported") if found else (name, "")
    return _cut(_cleaned(facility), exported) + exported


def _cleaned(text: str) -> str:
    """The text in NFC, with an underscore in place of each refused character."""
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
    return len(name.encode()) <= MAX_LENGTH


def _cut(text: str, ending: str) -> str:
    """The beginning of a text that fits before the ending, in whole characters."""
    return text.encode()[: MAX_LENGTH - len(ending.encode())].decode(errors="ignore")
