"""Finds and removes the files that killed processes left on a share.

A program that runs in its own process, like the probe, because a share may hang. It runs with an
isolated Python, so it imports only the standard library.

Usage: leftovers_process.py ACTION FOLDER, with the action's arguments as one JSON object on
standard input. Prints `ready`, then one JSON object. The actions are the functions of
:data:`ACTIONS`.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import re
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

DATABASES = "databases"

#: The path of this program, for callers that start it.
PROGRAM = Path(__file__)

HOUR = 3600.0


def sweep(
    folder: str,
    *,
    folders: list[str],
    set_aside: str,
    unfinished: str,
    hours: float,
    seconds: float,
) -> dict[str, Any]:
    """Remove abandoned files, and report the databases that were set aside.

    :param folders: where to look, relative to the folder; a star matches any one folder.
    :param set_aside: the pattern for names of files that were set aside.
    :param unfinished: the pattern for names of files that may still be written.
    :param hours: how old such a file must be, by the clock of the share's server.
    :param seconds: when to stop and leave the rest to the next run.
    """
    if not os.path.isdir(folder):
        return {"removed": 0, "databases": {}}
    end = time.monotonic() + seconds
    now = _server_time(folder)
    removed = 0
    databases: dict[str, list[str]] = collections.defaultdict(list)
    for place in _places(folder, folders):
        if time.monotonic() >= end:
            break
        for entry in _files(place):
            found = re.fullmatch(set_aside, entry.name)
            if found and os.path.basename(place) == DATABASES:
                databases[found.group("name")].append(entry.name)
            elif found:
                removed += _settle_old(place, found.group("name"), entry, now - HOUR)
            elif re.fullmatch(unfinished, entry.name):
                removed += _remove_if_older(entry, now - hours * HOUR)
    return {"removed": removed, "databases": databases}


def settle(folder: str, *, name: str, set_aside: list[str], wanted: bool) -> dict[str, Any]:
    """Move a database back if it is wanted and missing, and remove its other set-aside files."""
    place = os.path.join(folder, DATABASES)
    removed, back = 0, False
    for each in sorted(set_aside, reverse=True):
        aside, path = os.path.join(place, each), os.path.join(place, name)
        if wanted and not os.path.lexists(path):
            os.rename(aside, path)
            back = True
        else:
            removed += _removed(aside)
    return {"removed": removed, "back": back}


ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {"sweep": sweep, "settle": settle}


def _places(folder: str, folders: list[str]) -> Iterator[str]:
    """The folders to look into, each pattern's in random order.

    A run that ends early has then looked into other folders than the one before.
    """
    for below in folders:
        places = [folder]
        for part in below.split("/"):
            places = [
                inner
                for place in places
                for inner in (_folders(place) if part == "*" else [os.path.join(place, part)])
            ]
        random.shuffle(places)
        yield from places


def _folders(place: str) -> list[str]:
    with contextlib.suppress(FileNotFoundError), os.scandir(place) as entries:
        return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


def _files(place: str) -> list[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(place) as entries:
        return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    return []


def _settle_old(place: str, name: str, entry: os.DirEntry[str], before: float) -> int:
    """Remove an old set-aside file, or move it back if its name is free. Returns 1 if removed.

    A recent one stays: the process that set it aside may be about to move the new file there.
    """
    try:
        if entry.stat(follow_symlinks=False).st_ctime > before:
            return 0
    except FileNotFoundError:
        return 0
    path = os.path.join(place, name)
    if os.path.lexists(path):
        return _removed(entry.path)
    os.rename(entry.path, path)
    return 0


def _remove_if_older(entry: os.DirEntry[str], before: float) -> int:
    try:
        written = entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        # Its writer has just finished it.
        return 0
    return _removed(entry.path) if written < before else 0


def _removed(path: str) -> int:
    """Remove a file. Returns 1, or 0 when the server refuses because it is still open."""
    with contextlib.suppress(OSError):
        os.unlink(path)
        return 1
    return 0


def _server_time(folder: str) -> float:
    """The time by the server's clock, which also sets the times of files."""
    path = os.path.join(folder, f".kolibri-azure-probe-{uuid.uuid4().hex}")
    try:
        with open(path, "xb") as file:
            file.write(b"now")
        return os.stat(path).st_mtime
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def main() -> None:
    action, folder = sys.argv[1:3]
    # The caller's deadline for the share begins here, after the start of Python.
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        result = ACTIONS[action](folder, **json.load(sys.stdin))
    except OSError as error:
        result = {"errno": error.errno, "error": error.strerror or str(error)}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
