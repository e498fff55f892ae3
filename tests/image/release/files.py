"""Reads the files of a release for tests."""

from __future__ import annotations

import hashlib
import json

from kolibri_azure_plugin import __version__

TAG = f"v{__version__}"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace(path, data):
    """Replace a file of `copied`, which may be a hard link to the original."""
    path.unlink()
    path.write_bytes(data)


def bill(path):
    return json.loads(path.read_text(encoding="utf-8"))
