"""Assumptions of `instances/` and `migrate` about Kolibri and its Django.

A Kolibri that differs fails here first.
"""

from __future__ import annotations

import ast
from pathlib import Path

import kolibri
import pytest

KOLIBRI = Path(kolibri.__file__).parent

MIGRATE = "dist/django/core/management/commands/migrate.py"
EXECUTOR = "dist/django/db/migrations/executor.py"


def test_initialize_calls_update_if_need_be_and_run_plugin_updates_next_in_any_case():
    calls = names_called(function("utils/main.py", "initialize"))

    order = [
        "get_version",
        "_upgrades_before_django_setup",
        "_setup_django",
        "update",
        "run_plugin_updates",
        "check_database_is_migrated",
        "_upgrades_after_django_setup",
    ]
    assert [name for name in calls if name in order] == order


def test_update_migrates_runs_the_upgrade_functions_and_writes_the_version_file():
    update = function("utils/main.py", "update")

    assert arguments(update) == ["old_version", "new_version"]
    steps = ["_migrate_databases", "run_upgrades", "version_file"]
    assert [name for name in names_called(update) if name in steps] == steps


def test_migrations_are_run_by_the_command_of_that_name():
    for path, name in (
        ("utils/main.py", "_migrate_databases"),
        ("plugins/utils/__init__.py", "PluginUpdateManager._migrate_plugin"),
    ):
        source = ast.unparse(function(path, name))
        assert "call_command('migrate'" in source


def test_the_command_makes_its_executor_by_the_name_that_is_replaced():
    handle = function(MIGRATE, "Command.handle")

    assert names_called(handle).count("MigrationExecutor") == 1
    assert "from django.db.migrations.executor import MigrationExecutor" in ast.unparse(
        ast.parse((KOLIBRI / MIGRATE).read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize(
    ("name", "caller", "expected"),
    [
        (
            "apply_migration",
            "_migrate_all_forwards",
            ["self", "state", "migration", "fake", "fake_initial"],
        ),
        ("unapply_migration", "_migrate_all_backwards", ["self", "state", "migration", "fake"]),
    ],
)
def test_the_executor_has_the_methods_that_are_overridden_and_calls_them(name, caller, expected):
    assert arguments(function(EXECUTOR, f"MigrationExecutor.{name}")) == expected
    assert f"self.{name}(" in ast.unparse(function(EXECUTOR, f"MigrationExecutor.{caller}"))


def test_plugins_to_be_updated_are_those_of_the_configuration_in_memory():
    run = ast.unparse(function("plugins/utils/__init__.py", "run_plugin_updates"))
    update = ast.unparse(
        function("plugins/utils/__init__.py", "PluginUpdateManager._update_plugin")
    )
    updated = ast.unparse(function("plugins/utils/__init__.py", "is_plugin_updated"))

    assert "config['UPDATED_PLUGINS']" in run
    assert "config['PLUGIN_VERSIONS'].get(plugin_name, '')" in update
    assert "config['PLUGIN_VERSIONS'][plugin_name]" in updated


def test_every_bus_starts_and_stops_the_workers_through_the_services_plugin():
    services = ast.unparse(
        function("utils/server/__init__.py", "KolibriServicesProcessBus.__init__")
    )
    server = definition("utils/server/__init__.py", "KolibriProcessBus")

    assert "ServicesPlugin(self)" in services
    assert isinstance(server, ast.ClassDef)
    assert [ast.unparse(base) for base in server.bases] == ["KolibriServicesProcessBus"]
    stop = ast.unparse(function("utils/server/__init__.py", "ServicesPlugin.STOP"))
    assert "self.worker.shutdown(wait=True)" in stop


def test_scheduling_the_regular_jobs_needs_no_bus():
    start = function("utils/server/__init__.py", "DefaultScheduledTasksPlugin.START")

    assert "self" not in [node.id for node in ast.walk(start) if isinstance(node, ast.Name)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__init__", ["self", "regular_workers", "high_workers", "log_queue"]),
        ("requeue_stalled_jobs", ["self"]),
        ("start_workers", ["self"]),
        ("get_next_job", ["self"]),
        ("handle_finished_future", ["self", "future"]),
        ("shutdown_workers", ["self", "wait"]),
    ],
)
def test_the_worker_has_the_methods_that_are_overridden(name, expected):
    assert arguments(function("core/tasks/worker.py", f"Worker.{name}")) == expected


def test_the_worker_still_leaves_picked_jobs_behind_and_cancels_running_ones():
    """When it no longer does either, the plugin's worker can shrink."""
    requeue = ast.unparse(function("core/tasks/worker.py", "Worker.requeue_stalled_jobs"))
    shutdown = ast.unparse(function("core/tasks/worker.py", "Worker.shutdown_workers"))

    assert "get_running_jobs()" in requeue
    assert "SELECTED" not in requeue
    assert "mark_job_as_canceling" in shutdown


def test_morango_takes_system_and_node_id_from_the_environment():
    path = "dist/morango/models/utils.py"

    assert "MORANGO_SYSTEM_ID" in ast.unparse(function(path, "get_0_5_system_id"))
    assert "MORANGO_NODE_ID" in ast.unparse(function(path, "get_0_5_mac_address"))


def definition(path: str, name: str) -> ast.AST:
    """A class or function of Kolibri, by its qualified name."""
    found: ast.AST = ast.parse((KOLIBRI / path).read_text(encoding="utf-8"))
    for part in name.split("."):
        inside = [node for node in ast.iter_child_nodes(found) if getattr(node, "name", "") == part]
        assert inside, f"Kolibri {kolibri.__version__} has no {name} in {path}"
        found = inside[-1]
    return found


def function(path: str, name: str) -> ast.FunctionDef:
    found = definition(path, name)
    assert isinstance(found, ast.FunctionDef)
    return found


def arguments(found: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in found.args.args]


def names_called(found: ast.FunctionDef) -> list[str]:
    """The plain functions that it calls, in order."""
    calls = [
        node
        for node in ast.walk(found)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [call.func.id for call in calls if isinstance(call.func, ast.Name)]
