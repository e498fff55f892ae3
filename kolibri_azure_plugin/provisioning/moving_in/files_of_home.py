"""Names in a KOLIBRI_HOME, and what its options.ini says about other places."""

from __future__ import annotations

import configparser
import os
import re

DATABASE = "db.sqlite3"
VERSION_FILE = ".data_version"
OPTIONS_FILE = "options.ini"

#: SQLite needs the database's companions to see its last transactions.
COMPANIONS = ("-wal", "-journal")

#: Everything of a home that moving in copies. All else is read in place, or stays behind.
SMALL_FILES = (VERSION_FILE, OPTIONS_FILE)
COPIED = (DATABASE, *(DATABASE + end for end in COMPANIONS), *SMALL_FILES)

CONTENT = "content"

#: The name of a channel's database. Other files may be next to it.
CHANNEL_DATABASE = re.compile(r"[0-9a-f]{32}\.sqlite3")


def option(options_file: str, section: str, name: str) -> str:
    """A value in an options.ini; empty if it has none.

    A file that can't be read counts as empty: it came from someone else's machine, and Kolibri has
    a default for each option.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        with open(options_file, encoding="utf-8", errors="replace") as file:
            parser.read_file(file)
    except (OSError, configparser.Error):
        return ""
    return parser.get(section, name, fallback="").strip()


def content_folder(home: str, options_file: str) -> str:
    """The folder with the home's channels, which may be elsewhere; empty if it isn't here."""
    chosen = option(options_file, "Paths", "CONTENT_DIR")
    candidates = [os.path.join(home, os.path.expanduser(chosen))] if chosen else []
    candidates.append(os.path.join(home, CONTENT))
    return next((each for each in candidates if os.path.isdir(each)), "")
