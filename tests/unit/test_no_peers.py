"""The replacement for Kolibri's peer client has everything that the content server uses."""

from __future__ import annotations

import ast
from pathlib import Path

import kolibri
import pytest

from kolibri_azure_plugin.web.zip_content import no_peers

KOLIBRI = Path(kolibri.__file__).parent

#: The modules of that server which import the client.
USERS = ("core/content/zip_wsgi.py", "utils/kolibri_whitenoise.py")


@pytest.fixture(params=USERS)
def tree(request):
    return ast.parse((KOLIBRI / request.param).read_text(encoding="utf-8"))


def test_kolibri_imports_the_class_alone(tree):
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == no_peers.REPLACED
        for alias in node.names
    ]
    assert imported == [no_peers.NetworkClient.__name__]


def test_kolibri_uses_nothing_of_it_that_is_not_there(tree):
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == no_peers.NetworkClient.__name__
    }
    assert used
    assert used <= set(vars(no_peers.NetworkClient))


def test_it_knows_no_address():
    assert no_peers.NetworkClient.known_location_for_address("http://127.0.0.1:8080") is None
