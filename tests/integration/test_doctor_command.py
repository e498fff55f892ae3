"""`kolibri manage azure_check` as a command: its options, its exit codes, its two outputs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from devtools.deadline import wait_until
from devtools.deployment import INHERITED
from devtools.ports import free_port
from kolibri_azure_plugin.doctor import catalogue
from kolibri_azure_plugin.doctor.registry import Scope

COMMAND = ("-m", "kolibri", "manage", "azure_check")

#: Seconds for a run on a busy machine.
PLENTY = 60

IDENTITY_ONLY = ("--only", "azure.identity.endpoint")


@pytest.fixture
def environment(tmp_path, repository):
    """A test deployment without any server, in a home that does not exist yet."""
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "PYTHONPATH": str(repository),
        "KOLIBRI_HOME": str(tmp_path / "home"),
        "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
        "KOLIBRI_AZURE_DEPLOYMENT": "test",
    }


@pytest.fixture
def needs_identity(environment):
    """An identity endpoint at a port where nothing listens yet; returns the port."""
    port = free_port()
    environment.update(
        KOLIBRI_AZURE_KEY_VAULT_URL="https://kolibri.vault.azure.net",
        IDENTITY_ENDPOINT=f"http://127.0.0.1:{port}/msi/token",
        IDENTITY_HEADER="header",
    )
    return port


def check(environment, *arguments, command=COMMAND):
    return subprocess.run(
        [sys.executable, *command, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PLENTY,
        check=False,
    )


def test_standard_output_is_one_json_document_also_for_a_fresh_home(environment, tmp_path):
    result = check(environment, "--format", "json")
    document = json.loads(result.stdout)
    assert len(document["checks"]) == len(catalogue.CHECKS)
    assert "INFO" in result.stderr  # Kolibri's own first lines
    assert not list((tmp_path / "home").rglob("*.sqlite3"))


def test_standard_output_is_one_json_document_also_with_debug_logs(environment):
    """The doctor's own lines. Kolibri prints two others there before it loads its plugins."""
    command = ("-m", "kolibri_azure_plugin.doctor")
    debugged = {**environment, "KOLIBRI_DEBUG": "True"}
    result = check(debugged, "--format", "json", command=command)
    assert len(json.loads(result.stdout)["checks"]) == len(catalogue.CHECKS)


@pytest.mark.parametrize(
    "arguments, code", [((), 0), (("--fail-level", "error"), 0), (("--fail-level", "warning"), 2)]
)
def test_warnings_count_when_they_are_asked_for(arguments, code, environment):
    assert check(environment, *arguments).returncode == code


def test_a_failure_ends_with_1(environment):
    result = check({**environment, "KOLIBRI_AZURE_INSTANCES": "none"})
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("begin with azure.kolibri.settings: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "xml"),
        ("--only", "azure.databse.port"),
        ("--only",),
        ("--wait", "long"),
        ("--wait", "-1"),
        ("--timeout", "0"),
        ("--fail-level", "info"),
        ("--unknown",),
        ("word",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_3_and_says_so_on_stderr(arguments, environment):
    result = check(environment, *arguments)
    assert result.returncode == 3
    assert result.stdout == ""
    assert "usage: kolibri manage azure_check" in result.stderr


def test_a_misspelt_check_is_guessed(environment):
    result = check(environment, "--only", "azure.databse.port")
    assert "did you mean azure.database.port" in result.stderr


def test_a_doctor_that_breaks_ends_with_4_and_a_traceback(environment):
    command = ("-m", "tests.integration.lowered_limits", "doctor.table.MARKS={}", "--")
    result = check(environment, command=command)
    assert result.returncode == 4
    assert result.stdout == ""
    assert "KeyError" in result.stderr


def test_the_list_names_every_check(environment):
    result = check(environment, "--list")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [c.id for c in catalogue.CHECKS]


def test_only_and_skip_choose(environment):
    result = check(
        environment, "--format", "json", "--only", "platform", "--skip", "azure.platform.disk"
    )
    ids = {entry["id"] for entry in json.loads(result.stdout)["checks"]}
    assert "azure.platform.memory" in ids
    assert "azure.platform.disk" not in ids
    assert "azure.content.mount" not in ids


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_includes_the_checks_that_its_checks_require(scope, environment):
    result = check(environment, "--format", "json", "--scope", scope.value)
    entries = {entry["id"]: entry for entry in json.loads(result.stdout)["checks"]}
    wanted = {each for each in catalogue.CHECKS if each.scope is scope}
    needed = {name for each in wanted for name in (*each.requires, *each.after)}
    assert {each.id for each in wanted} | needed <= set(entries)
    assert {entry["scope"] for entry in entries.values()} == {"instance", "deployment"}
    assert len(entries) < len(catalogue.CHECKS)


def test_without_hurry_a_failed_check_runs_once_more(environment, needs_identity):
    result = check(environment, *IDENTITY_ONLY, "--unhurried", "--format", "json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["counts"]["fail"] == 1
    assert result.stderr.count("examining again") == 1


def test_options_of_kolibri_manage_itself_may_stand_before(environment):
    command = ("-m", "kolibri", "manage", "--skip-update", "azure_check", "--list")
    assert check(environment, command=command).returncode == 0


@contextlib.contextmanager
def listening(port):
    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=listener.accept, daemon=True).start()
        yield


def test_wait_examines_again_until_all_is_well(environment, needs_identity):
    process = subprocess.Popen(
        [sys.executable, *COMMAND, *IDENTITY_ONLY, "--wait", str(PLENTY), "--format", "json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    wait_until(lambda: "examining again" in "".join(said), "a second examination", PLENTY)
    with listening(needs_identity):
        output = process.stdout.read()
        assert process.wait(PLENTY) == 0
    reader.join(PLENTY)
    assert json.loads(output)["counts"]["fail"] == 0


def test_wait_ends_when_nothing_gets_well(environment, needs_identity):
    result = check(environment, *IDENTITY_ONLY, "--wait", "3", "--format", "json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["counts"]["fail"] == 1
    assert "examining again" in result.stderr


def test_timeout_ends_the_examination_while_a_check_still_hangs(environment):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment.update(
            KOLIBRI_AZURE_KEY_VAULT_URL="https://kolibri.vault.azure.net", HTTPS_PROXY=proxy
        )
        result = check(
            environment, "--only", "azure.vault.reachable", "--timeout", "1", "--format", "json"
        )
    assert result.returncode == 1
    entries = {entry["id"]: entry for entry in json.loads(result.stdout)["checks"]}
    assert entries["azure.vault.reachable"]["message"] == "No answer within 1 s."


def test_the_command_is_the_same_where_django_is_set_up_already(environment):
    call = "from django.core.management import execute_from_command_line as run; "
    arguments = ["manage", "azure_check", "--list"]
    code = f"import django; django.setup(); {call}run({arguments!r})"
    settings = {"DJANGO_SETTINGS_MODULE": "kolibri.deployment.default.settings.base"}
    result = check({**environment, **settings}, command=("-c", f"import kolibri; {code}"))
    assert result.returncode == 0, result.stderr
    assert "azure.vault.secrets" in result.stdout
