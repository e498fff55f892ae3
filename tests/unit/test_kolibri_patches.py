"""What is patched in Kolibri is still what the patches were written for.

Another digest here means: read what the new Kolibri does there, adapt the patch or drop it, and
only then write the new digest down.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import kolibri
import pytest

KOLIBRI = Path(kolibri.__file__).parent

#: For each patched function, a digest of its source in the versions of Kolibri that are known.
KNOWN: dict[tuple[str, str], set[str]] = {
    ("django.urls.resolvers", "URLResolver.resolve"): {"2c1f11aae9d3bf69"},
    ("django_filters.rest_framework.backends", "DjangoFilterBackend.filter_queryset"): {
        "27af2df93d99ceda"
    },
    ("kolibri.utils.main", "update"): {"2a1b1f054158ea37"},
    ("kolibri.utils.main", "run_plugin_updates"): {"7230482a70b8fbc3"},
    ("kolibri.utils.main", "provision_from_file"): {"691850378e819971"},
    ("kolibri.utils.server", "ServicesPlugin.START"): {"e0d0104b04644e5e"},
    ("kolibri.utils.server", "DefaultScheduledTasksPlugin.START"): {"74f9e81fa02b93f6"},
    ("kolibri.utils.main", "_migrate_databases"): {"e5728417f2fcc5ce"},
    ("kolibri.utils.main", "_upgrades_after_django_setup"): {"539acb732f9e083e"},
    ("kolibri.core.auth.backends", "FacilityUserBackend.get_user"): {"57f6f4ae1dfad0bb"},
    ("kolibri.core.auth.permissions.general", "_user_is_admin_for_own_facility"): {
        "a2b72a4eafe58b14"
    },
    ("kolibri.core.auth.permissions.base", "RoleBasedPermissions.readable_by_user_filter"): {
        "8e1773c6fa1f446e"
    },
    ("kolibri.core.device.translation", "get_device_language"): {"d433590d34d1644e"},
    ("kolibri.core.device.models", "DeviceSettings.save"): {"d2c28f0fdbe71fc8"},
    ("kolibri.utils.kolibri_whitenoise", "DynamicWhiteNoise.__init__"): {"1e776e9942e72f62"},
    ("kolibri.utils.kolibri_whitenoise", "DynamicWhiteNoise.__call__"): {"342242d8a43e20bb"},
    ("kolibri.core.content.zip_wsgi", "get_application"): {"fd13b93cb192d696"},
}
#: Not in Kolibri: the method is inherited from Django's Model.
INHERITED = {("kolibri.core.device.models", "DeviceSettings.from_db")}


@pytest.fixture(scope="module")
def patches(repository):
    """Module and name of each patch, read from the table without importing Kolibri's models."""
    table = ast.parse((repository / "kolibri_azure_plugin" / "kolibri_patches.py").read_text())
    calls = (node for node in ast.walk(table) if isinstance(node, ast.Call))
    return {
        tuple(argument.value for argument in call.args[:2])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Patch"
    }


def test_every_patch_is_held_to_the_source_that_it_was_written_for(patches):
    assert patches == set(KNOWN) | INHERITED


@pytest.mark.parametrize("place", sorted(KNOWN), ids=lambda place: place[1])
def test_kolibri_has_not_changed(place):
    assert digest(*place) in KNOWN[place]


@pytest.mark.parametrize("place", sorted(INHERITED), ids=lambda place: place[1])
def test_kolibri_still_inherits(place):
    assert find(*place) is None


def digest(module, name):
    file, function = find(module, name)
    source = ast.get_source_segment(file.read_text(encoding="utf-8"), function)
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def find(module, name):
    """The file and the node of a function, wherever the module has it from; None without one."""
    package, *rest = module.split(".")
    path = (
        KOLIBRI.joinpath(*rest)
        if package == "kolibri"
        else KOLIBRI.joinpath("dist", *module.split("."))
    )
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    node = tree = ast.parse(file.read_text(encoding="utf-8"))
    for part in name.split("."):
        node = next((each for each in node.body if getattr(each, "name", None) == part), None)
        if node is None:
            source = imported_from(tree, name)
            return find(source, name) if source else None
    return file, node


def imported_from(tree, name):
    """The module that a name is imported from."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            return node.module
    return None
