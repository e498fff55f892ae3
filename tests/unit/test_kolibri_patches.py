"""What is patched in Kolibri is still what the patches were written for, and the page says so.

Another digest here means: read what the new Kolibri does there, adapt the patch or drop it, and
only then write the new digest down.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from devtools.patches import page
from kolibri_azure_plugin.kolibri_patches import PATCHES, source
from kolibri_azure_plugin.kolibri_patches.patch import Kind

DIGESTS = """
import json, sys
from devtools.patches.__main__ import set_up_kolibri
set_up_kolibri(sys.argv[1])
from kolibri_azure_plugin.kolibri_patches import PATCHES, source
print(json.dumps({patch.target: source.digest_of(patch.original) for patch in PATCHES}))
"""

SEVERITY = list(Kind)


def target(patch):
    return patch.target


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """Those of the functions that stand in a Kolibri of its own."""
    home = str(tmp_path_factory.mktemp("home"))
    command = [sys.executable, "-c", DIGESTS, home]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("patch", PATCHES, ids=target)
def test_kolibri_has_not_changed(patch, digests):
    assert digests[patch.target] in patch.known


@pytest.mark.parametrize("patch", PATCHES, ids=target)
def test_a_file_tells_the_same_as_what_was_loaded_from_it(patch, digests):
    assert source.digest_in_file(patch.module, patch.name) == digests[patch.target]


def test_what_a_patch_needs_is_a_patch_of_no_lesser_kind():
    kinds = {patch.target: SEVERITY.index(patch.kind) for patch in PATCHES}
    for patch in PATCHES:
        for needed in patch.needs:
            assert kinds[needed] <= SEVERITY.index(patch.kind), (patch.target, needed)


def test_every_patch_says_why_it_is_there_and_what_is_wrong_without_it():
    for patch in PATCHES:
        for text in (patch.reason, patch.answers, patch.without):
            assert text.endswith("."), patch.target


def test_the_page_shows_the_patches_as_they_are():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), (
        "write it anew: python -m devtools.patches write"
    )
