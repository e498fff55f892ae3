"""Golden files: the doctor's output, without parts that differ between runs.

To write them again: ``KOLIBRI_AZURE_WRITE_GOLDEN=1 pytest tests/integration/test_doctor.py``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import kolibri

import kolibri_azure_plugin

from .examination import RENDERERS, report_of

FOLDER = Path(__file__).parents[1] / "golden" / "doctor"
WRITES = bool(os.environ.get("KOLIBRI_AZURE_WRITE_GOLDEN"))

NUMBER = r"\d+(\.\d+)?(e[+-]\d+)?"

#: Parts that differ between runs, and their replacements. The order matters.
PATTERNS = (
    # Remedies name /data/backups itself.
    (
        re.compile(r"(?!/data/)/\S*?/(home|mount|share|azure|media|backups)(?=[/\s,.:;'\"]|$)"),
        r"/FOLDER/\1",
    ),
    (re.compile(r"/\S*/(ca\.pem|ca-certificates\.crt)"), r"/FOLDER/\1"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "UUID"),
    (re.compile(r"kolibri_\d+"), "kolibri_N"),
    (re.compile(r" \(_ssl\.c:\d+\)"), ""),
    (re.compile(r"(?<=[a-z\d]):\d{4,5}\b"), ":PORT"),
    (re.compile(r"(?<=--expires )[\d-]{10}"), "2030-01-01"),
    (re.compile(r"(?<=[Pp]ort )\d{4,5}"), "PORT"),
    (re.compile(r"(?<=pid )\d+|(?<=backend\()\d+"), "PID"),
    (re.compile(r"(?<=^PostgreSQL )\d+|(?<=pg_dump of version )\d+"), "VERSION"),
    (re.compile(r" WITH INHERIT TRUE"), ""),
    (re.compile(r"(?<=such as )\d{4}-\d\d(?=;)"), "MONTH"),
    (re.compile(r"(?<=type )(ext4|overlay|xfs|btrfs|tmpfs|zfs|fuse\S*)"), "TYPE"),
    (re.compile(r"^(ext4|overlay|xfs|btrfs|zfs)(?= is mounted at )"), "TYPE"),
    (re.compile(r"(?<=MOUNT_TYPES=)\S+|(?<=findmnt -t )\S+"), "TYPES"),
    (re.compile(rf"-?{NUMBER}(?=( of {NUMBER})? (ms|MiB|GiB|s|in use|days)\b)"), "N"),
    (re.compile(r"(?<=the server has )\d+"), "N"),
    (re.compile(r"\d+(?= (migrations|characters|minutes|settings|files|of \d+ files))"), "N"),
    (re.compile(r"(?<=of )\d+(?= (files|connections))"), "N"),
    (re.compile(r"object at 0x[0-9a-f]+"), "object"),
    (re.compile(r"(?<=, source )[^\s,;]+|[^\s,(]+(?=, without the marker)"), "SOURCE"),
)  # fmt: skip

#: Measurements with a text that varies between machines.
VARYING = {
    "source", "type", "path", "addresses", "cipher", "port", "version", "collation", "updated",
}  # fmt: skip


def settle(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the varying parts replaced."""
    entries = [
        {
            **entry,
            **{key: settle_text(entry[key]) for key in ("message", "cause", "remedy")},
            "duration_ms": 0,
            "measurements": {
                key: _measurement(key, value) for key, value in entry["measurements"].items()
            },
        }
        for entry in document["checks"]
    ]
    versions = {
        "plugin_version": "PLUGIN" if document["plugin_version"] == _PLUGIN else "?",
        "kolibri_version": "KOLIBRI" if document["kolibri_version"] == _KOLIBRI else "?",
    }
    return {**document, **versions, "checks": entries}


_PLUGIN, _KOLIBRI = kolibri_azure_plugin.__version__, kolibri.__version__


def settle_text(text: str) -> str:
    text = text.replace(_KOLIBRI, "KOLIBRI").replace(f"Version {_PLUGIN}", "Version PLUGIN")
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _measurement(key: str, value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return 0
    if key in VARYING:
        return "VARIES"
    if isinstance(value, list):
        return [settle_text(part) for part in value]
    return settle_text(value)


def compare(name: str, document: dict[str, Any]) -> None:
    """Compare all three formats of a document with their files, or write the files."""
    report = report_of(settle(document))
    for suffix, render in RENDERERS.items():
        file, text = FOLDER / f"{name}.{suffix}", render(report)
        assert "pytest-" not in text, "PATTERNS leaves a path of this machine"
        if WRITES:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8"), f"{file.name} differs; see golden.py"
