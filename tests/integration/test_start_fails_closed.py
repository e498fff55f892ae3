"""A start recovers, or ends in time with reason and remedy. It never creates a SQLite database."""

from __future__ import annotations

import os
import time

import pytest

from devtools.deployment import SECRET_KEY, run
from devtools.ports import free_port
from devtools.process import BackgroundProcess
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from tests.fuse import NEEDS_FUSE

from . import canaries
from .conftest import PASSWORD
from .planted import PLANTED, RELEASED, World, fault

#: Seconds that a start may take beyond KOLIBRI_AZURE_STARTUP_TIMEOUT, on a busy machine.
ALLOWANCE = 40


@pytest.fixture
def world(deployment, azure, postgres, other_authority):
    return World(deployment, azure, postgres, other_authority)


def assert_nothing_was_made(deployment):
    assert not list(deployment.home.rglob("*.sqlite3"))


def secrets_of(world):
    tokens = [token.value for token in world.azure.tokens.issued()]
    return [PASSWORD, SECRET_KEY, world.azure.identity.header, *tokens]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_start_ends_with_cause_and_remedy_when(planted, world):
    timeout = 2 if planted.transient else 60
    world.deployment.environment["KOLIBRI_AZURE_STARTUP_TIMEOUT"] = str(timeout)
    with planted.plant(world):
        begun = time.monotonic()
        result = world.deployment.run(
            "start", "--foreground", f"--port={free_port()}", f"--zip-port={free_port()}"
        )
        took = time.monotonic() - begun
    assert result.returncode != 0
    assert f"docs/troubleshooting.md#{planted.code}\n" in result.stderr
    for part in ("expected:", "found:", "fix:"):
        assert part in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert canaries.leaks(result.stdout + result.stderr, secrets_of(world)) == []
    assert_nothing_was_made(world.deployment)
    # Permanent faults end the start before the timeout; the others are retried until then.
    assert took < (timeout + ALLOWANCE if planted.transient else timeout)


@pytest.mark.parametrize(
    "plant",
    [
        fault("vault", "throttled", times=2, retry_after=1),
        fault("vault", "server-error", times=2),
        fault("vault", "hang", times=1),
        fault("identity", "not-ready", times=2),
        fault("identity", "throttled", times=1),
    ],
    ids=["a throttled vault", "a failing vault", "a hanging vault", "a late identity endpoint",
         "a throttled identity endpoint"],
)  # fmt: skip
def test_a_start_waits_for(plant, world):
    with plant(world):
        result = world.deployment.run("manage", "--skip-update", "check")
    assert result.returncode == 0, result.stderr
    assert "Try 1 failed" in result.stdout
    assert_nothing_was_made(world.deployment)


def start_that_waits(deployment):
    """A command that has reported a missing part, and waits for it."""
    process = BackgroundProcess(
        deployment.kolibri("manage", "--skip-update", "check"),
        environment=deployment.environment,
        folder=deployment.share.parent,
        log_file=deployment.share.parent / "start.log",
    )
    process.wait_until(lambda: "Try 1 failed" in process.output, "a first try that failed", 60)
    return process


def test_a_start_waits_for_postgresql_to_come_up(world):
    world.postgres.start_held_in_recovery()
    try:
        process = start_that_waits(world.deployment)
    finally:
        world.postgres.release()
    with process:
        assert process.wait_for_exit(60) == 0, process.output
    assert "the database system is starting up" in process.output


@NEEDS_FUSE
def test_a_start_waits_for_a_share_that_comes_back(world):
    world.deployment.kind = "hang-until"
    with start_that_waits(world.deployment) as process:
        (world.deployment.share / RELEASED).touch()
        assert process.wait_for_exit(60) == 0, process.output
    assert "hangs" in process.output


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "kolibri", "services", "--foreground"),
        ("-m", "kolibri", "shell"),
        ("-m", "kolibri", "manage", "migrate"),
        ("-m", "kolibri", "configure", "setup"),
        ("-c", "import kolibri, kolibri.deployment.default.wsgi"),
        ("-c", "import kolibri, kolibri.deployment.default.alt_wsgi"),
    ],
    ids=["services", "shell", "manage", "configure", "the stock WSGI module", "the zip content"],
)
@pytest.mark.essential
def test_no_entry_goes_around_the_plugin(command, world, azure):
    azure.fail("vault", "forbidden-by-rbac")
    result = run(
        world.deployment.command(world.deployment.python, *command),
        world.deployment.environment,
        60,
    )
    assert result.returncode == EXIT_CODE
    assert "#vault-forbidden-by-role" in result.stderr
    assert_nothing_was_made(world.deployment)


def test_a_debug_start_shows_the_traceback(world, azure):
    azure.fail("vault", "forbidden-by-rbac")
    result = world.deployment.run("manage", "--debug", "check")
    assert "Traceback" in result.stderr
    assert "#vault-forbidden-by-role" in result.stderr


@pytest.mark.parametrize("package", ["tenacity", "dj_database_url", "azure"])
def test_a_broken_installation_ends_a_start(package, world, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{package}.py").write_text("raise ImportError('broken')")
    path = (str(tmp_path / "broken"), world.deployment.environment["PYTHONPATH"])
    world.deployment.environment["PYTHONPATH"] = os.pathsep.join(path)
    result = world.deployment.run("manage", "check")
    assert result.returncode == EXIT_CODE
    assert "Kolibri on Azure does not start." in result.stderr
    assert_nothing_was_made(world.deployment)
