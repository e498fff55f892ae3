"""Removes old uploads from the media share.

A program that runs in its own process, because a share may hang. It runs with an isolated Python,
so it imports only the standard library.

Usage: uploads_process.py remove FOLDER, with the arguments of :func:`remove` as one JSON object on
standard input. Prints `ready`, then one JSON object.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Collection
from pathlib import Path

#: The path of this program, for callers that start it.
PROGRAM = Path(__file__)


def remove(
    folder: str, *, below: str, in_use: Collection[str], seconds: float, seconds_in_use: float
) -> dict[str, int]:
    """Remove the old files; returns how many.

    :param below: where they are, relative to the folder.
    :param in_use: the files that are in use, relative to the folder.
    :param seconds: how old a file has to be.
    :param seconds_in_use: the same for one that is in use.
    :raises OSError: when one can't be removed, after all others have been.
    """
    removed = 0
    failed: OSError | None = None
    for entry in _files(os.path.join(folder, below)):
        needed = seconds_in_use if f"{below}/{entry.name}" in in_use else seconds
        try:
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > needed:
                os.unlink(entry.path)
                removed += 1
        except FileNotFoundError:
            # An import has just ended and removed it.
            continue
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed
    return {"removed": removed}


def _files(place: str) -> list[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError), os.scandir(place) as entries:
        return [entry for entry in entries if not entry.is_dir(follow_symlinks=False)]
    return []


def main() -> None:
    folder = sys.argv[2]
    # The caller's deadline for the share begins here, after the start of Python.
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        result: dict[str, object] = {**remove(folder, **json.load(sys.stdin))}
    except OSError as error:
        result = {"errno": error.errno, "error": error.strerror or str(error)}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
