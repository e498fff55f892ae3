"""What is patched in Kolibri is still what the patches were written for.

Another digest here means: read what the new Kolibri does there, adapt the patch or drop it, and
only then write the new digest down.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kolibri_azure_plugin.kolibri_patches import PATCHES

FITTING = """
import json, sys
from devtools.patches.__main__ import set_up_kolibri
set_up_kolibri(sys.argv[1])
from kolibri_azure_plugin.kolibri_patches import PATCHES
print(json.dumps([f"{patch.module}.{patch.name}" for patch in PATCHES if patch.fits()]))
"""


def named(patch):
    return f"{patch.module}.{patch.name}"


@pytest.fixture(scope="module")
def fitting(tmp_path_factory):
    """The patches whose function is still the one that they know, in a Kolibri of its own."""
    home = str(tmp_path_factory.mktemp("home"))
    command = [sys.executable, "-c", FITTING, home]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize("patch", PATCHES, ids=named)
def test_kolibri_has_not_changed(patch, fitting):
    assert named(patch) in fitting
