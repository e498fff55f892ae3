"""Reproducible zip files."""

from __future__ import annotations

import io
import zipfile


def archive(files: dict[str, str]) -> bytes:
    """Create a zip file from texts by file name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
        for name, text in files.items():
            target.writestr(zipfile.ZipInfo(name), text.encode())
    return buffer.getvalue()
