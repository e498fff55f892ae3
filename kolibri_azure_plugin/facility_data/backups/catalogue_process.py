"""Lists and removes the files of backups. A separate program, because a share may hang.

It runs with an isolated Python, so it imports only the standard library.

Usage: catalogue_process.py ACTION FOLDER, with the action's arguments as one JSON object on
standard input. Prints `ready`, then one JSON object. The actions are the functions of
:data:`ACTIONS`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any, Callable

#: The path of this program, for callers that start it.
PROGRAM = Path(__file__)

#: Seconds after which a manifest without its file must be from a killed process, or from a person
#: who has deleted the file.
ABANDONED = 86_400.0

#: A larger file is no manifest.
MAX_MANIFEST = 1 << 20


def list_backups(
    folder: str, *, name: str, dump: str, manifest: str, verified: str
) -> dict[str, Any]:
    """Every file that could be a backup, with the texts of the files next to it.

    :param name: the pattern for the names of backups.
    :param dump: the ending of backups; the next two are those of the files next to them.
    """
    found = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        stem = entry.name[: -len(dump)]
        if not entry.name.endswith(dump) or not re.fullmatch(name, stem):
            continue
        size = _size(entry)
        # Somebody may have removed it since the folder was read.
        if size is None:
            continue
        found.append(
            {
                "file": entry.name,
                "bytes": size,
                "manifest": _text(os.path.join(folder, stem + manifest)),
                "verified": _text(os.path.join(folder, stem + verified)),
            }
        )
    return {"backups": found}


def sweep(folder: str, *, name: str, dump: str, manifest: str, partial: str) -> dict[str, Any]:
    """Remove what killed processes left. No other process may write at the same time."""
    removed = 0
    for entry in list(os.scandir(folder)):
        if not re.match(name, entry.name):
            continue
        stem = entry.name[: -len(manifest)]
        is_lone = entry.name.endswith(manifest) and not os.path.lexists(
            os.path.join(folder, stem.removesuffix(".verified") + dump)
        )
        with contextlib.suppress(OSError):
            is_old = time.time() - entry.stat().st_mtime > ABANDONED
            if entry.name.endswith(partial) or (is_lone and is_old):
                os.unlink(entry.path)
                removed += 1
    return {"removed": removed}


def remove(folder: str, *, files: list[str]) -> dict[str, Any]:
    """Remove these files; those that are gone already don't matter."""
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, file))
    return {}


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "list": list_backups,
    "sweep": sweep,
    "remove": remove,
}


def _size(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return None


def _text(path: str) -> str | None:
    """The text of a file; None if there is none, empty if it is another user's."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_MANIFEST)
    except FileNotFoundError:
        return None
    except PermissionError:
        return ""


def main() -> None:
    action, folder = sys.argv[1:3]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        report = ACTIONS[action](folder, **json.load(sys.stdin))
    except OSError as error:
        report = {"errno": error.errno, "error": error.strerror or str(error)}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
