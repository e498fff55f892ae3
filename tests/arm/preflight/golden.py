"""Golden files: preflight's output, without parts that differ between machines.

To write them again: ``KOLIBRI_AZURE_WRITE_GOLDEN=1 pytest tests/arm/preflight``.
"""

from __future__ import annotations

import json
import os
import re

from tests.arm.preflight.azure import REPOSITORY

GOLDEN = REPOSITORY / "tests/golden/preflight"
WRITES = bool(os.environ.get("KOLIBRI_AZURE_WRITE_GOLDEN"))

#: Numbers that depend on the template's size.
COUNTED = re.compile(r"\d+(?= (services|kinds of resource)\b)|(?<=and )\d+(?= more)")

#: The tests' folder of repositories behind https addresses.
FOLDER = re.compile(r"/\S+(?=/git\.example\.org/)")


def settled(text):
    return FOLDER.sub("/FOLDER", COUNTED.sub("N", text))


def compare(name, text):
    path = GOLDEN / name
    if WRITES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def as_json(document):
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
