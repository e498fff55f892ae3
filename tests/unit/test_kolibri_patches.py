"""The patched functions of Kolibri are those that the patches were written for, and on the page.

If a digest differs: read the new Kolibri's function, adapt or drop the patch, and only then add
the new digest.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from devtools.patches import page
from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.kolibri_patches.patch import Kind
from kolibri_azure_plugin.kolibri_patches.tables import PATCHES

DIGESTS = """
import json, sys
from devtools.patches.__main__ import set_up_kolibri
set_up_kolibri(sys.argv[1])
from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.kolibri_patches.tables import PATCHES
print(json.dumps({patch.target: source.digest_of(patch.original) for patch in PATCHES}))
"""

SEVERITY = list(Kind)

CONTENT = "kolibri.core.content.utils"
RESOURCES = f"{CONTENT}.resource_import.ResourceImportManagerBase"

#: Functions with more than one wrapper, from the inside out.
LAYERS = {
    f"{CONTENT}.channel_transfer.start_file_transfer": [
        "restore_after_failed_transfer",
        "lock_channel_transfer",
    ],
    f"{RESOURCES}.do_channel_database_import": ["restore_after_failed_import", "retry_database"],
    f"{RESOURCES}.run": ["lock_resource_import", "release_connections"],
    f"{RESOURCES}._start_file_transfer": ["keep_downloaded_file", "retry_files"],
}


def target(patch):
    return patch.target


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """The digests of the functions in a separate Kolibri."""
    home = str(tmp_path_factory.mktemp("home"))
    command = [sys.executable, "-c", DIGESTS, home]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("patch", PATCHES, ids=target)
def test_kolibri_has_not_changed(patch, digests):
    assert digests[patch.target] in patch.known


@pytest.mark.parametrize("patch", PATCHES, ids=target)
def test_a_file_has_the_same_digest_as_the_module_loaded_from_it(patch, digests):
    assert source.digest_in_file(patch.module, patch.name) == digests[patch.target]


def test_patches_of_one_function_are_applied_in_their_order():
    wrappers = {}
    for patch in PATCHES:
        wrappers.setdefault(patch.target, []).append(patch.wrapper.partition(":")[2])

    assert {target: each for target, each in wrappers.items() if len(each) > 1} == LAYERS


def test_a_patch_needs_only_patches_of_the_same_or_a_stricter_kind():
    kinds = {patch.target: SEVERITY.index(patch.kind) for patch in PATCHES}
    for patch in PATCHES:
        for needed in patch.needs:
            assert kinds[needed] <= SEVERITY.index(patch.kind), (patch.target, needed)


def test_every_patch_states_its_reason_and_the_harm_without_it():
    for patch in PATCHES:
        for text in (patch.reason, patch.evidence, patch.without):
            assert text.endswith("."), patch.target


def test_the_page_shows_the_patches_as_they_are():
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), (
        "write it again: python -m devtools.patches write"
    )
