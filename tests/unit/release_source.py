"""The files that decide on a release, as in a releasable commit."""

from __future__ import annotations

import re
import shutil

from devtools.release.readiness import EXAMPLES, FORM, TEMPLATES
from devtools.release.source import PACKAGE, Source
from kolibri_azure_plugin import __version__

TAG = f"v{__version__}"
DATED = f"## {__version__} - 2027-01-15"


def make_source(repository, folder):
    """Copy them into `folder`."""
    examples = [str(path.relative_to(repository)) for path in repository.glob(EXAMPLES)]
    for path in (str(PACKAGE), "CHANGELOG.md", *TEMPLATES, FORM, *examples):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, folder / path)
    source = Source(folder, "c" * 40, 1_800_000_000)
    change(source, "CHANGELOG.md", rf"(?m)^## {re.escape(__version__)} - .+$", DATED)
    return source


def change(source, path, old, new):
    """Replace the text that the pattern `old` finds."""
    text = source.text(path)
    assert re.search(old, text), (path, old)
    (source.folder / path).write_text(re.sub(old, new, text), encoding="utf-8")
