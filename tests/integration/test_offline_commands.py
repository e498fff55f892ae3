"""Commands that need no database contact no server, and import little."""

from __future__ import annotations

import json
import os

import pytest

from tests.fuse import require_fuse

#: Runs in each Python that finds it, and records imports and connections at the end.
WITNESS = """
import atexit, json, os, sys
connections = []
sys.addaudithook(
    lambda event, arguments: connections.append(repr(arguments[-1] if event == "socket.connect"
        else arguments[0])) if event in ("socket.connect", "socket.getaddrinfo") else None
)
def testify():
    with open(os.environ["WITNESS_FILE"], "w") as file:
        json.dump({"modules": sorted(sys.modules), "connections": connections}, file)
atexit.register(testify)
"""

#: Packages that only a process with a database needs.
HEAVY = ("azure", "msal", "psycopg2", "tenacity", "dj_database_url", "cryptography")

#: Kolibri's own settings, which `plugin list` reads, import psycopg2.
KOLIBRIS_OWN = {("plugin", "list"): {"psycopg2"}}

STOPPED = 1


@pytest.fixture
def testimony(deployment, tmp_path):
    """Run a command on a deployment whose share hangs; returns the witness's record."""
    folder = tmp_path / "witness"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITNESS)
    require_fuse()
    deployment.kind = "hang"
    deployment.environment["WITNESS_FILE"] = str(tmp_path / "testimony.json")
    path = (str(folder), deployment.environment["PYTHONPATH"])
    deployment.environment["PYTHONPATH"] = os.pathsep.join(path)

    def run(*command):
        result = deployment.run(*command, seconds=60)
        return result, json.loads((tmp_path / "testimony.json").read_text())

    return run


def imported(witnessed, packages):
    return {name.partition(".")[0] for name in witnessed["modules"]} & set(packages)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("--version",), 0),
        (("plugin", "list"), 0),
        (("plugin", "enable", "kolibri.plugins.demo_server"), 0),
        (("plugin", "disable", "kolibri.plugins.demo_server"), 0),
        (("status",), STOPPED),
        (("stop",), 0),
        (("configure", "list-env"), 0),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else f"ends with {value}",
)
def test_works_without_network_and_share(command, code, testimony, azure):
    result, witnessed = testimony(*command)
    assert result.returncode == code, result.stderr
    assert witnessed["connections"] == []
    assert azure.requests == []
    assert imported(witnessed, HEAVY) - KOLIBRIS_OWN.get(command, set()) == set()


def test_the_list_of_plugins_names_this_one(testimony):
    result, _ = testimony("plugin", "list")
    assert "Microsoft Azure" in result.stdout


def test_settings_are_listed_with_kolibris_own(testimony):
    result, _ = testimony("configure", "list-env")
    assert "KOLIBRI_AZURE_KEY_VAULT_URL" in result.stdout


def test_the_witness_sees_a_command_that_does_connect(deployment, testimony, azure):
    """The witness does record a command that needs the database."""
    deployment.kind = "bind"
    result, witnessed = testimony("manage", "--skip-update", "check")
    assert result.returncode == 0, result.stderr
    assert witnessed["connections"]
    assert azure.requests
    assert {"azure", "psycopg2", "tenacity"} <= imported(witnessed, HEAVY)
