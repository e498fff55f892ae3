"""With recognisable secrets in every source and with every failure, no secret leaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from devtools.azure_standin import AzureStandin
from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.story import story_of
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE
from kolibri_azure_plugin.errors.redaction import MASK
from tests.fuse import NEEDS_FUSE

from . import canaries
from .conftest import PASSWORD as PASSWORD_OF_OTHERS
from .planted import PLANTED, World
from .serving import children, gunicorn, kolibri_start, signed_in

pytestmark = pytest.mark.slow

CHECK = ("manage", "--skip-update", "check")


@pytest.fixture
def azure(tmp_path):
    with AzureStandin(tmp_path / "azure", identity_header=canaries.IDENTITY_HEADER) as standin:
        yield standin


@pytest.fixture(scope="session")
def canary_role(postgres, role):
    """A role with its own password and the usual permissions."""
    postgres.create_role("canary", canaries.PASSWORD)
    postgres.execute(f"GRANT {role} TO canary")
    return "canary"


@pytest.fixture
def deployment(tmp_path, azure, deployed, migrated_template, canary_role):
    """Every secret is a canary, in the vault or in the environment."""
    account = {"user": canary_role, "password": canaries.PASSWORD}
    with deployed(tmp_path, azure, migrated_template, **account) as made:
        azure.set_secret("kolibri-secret-key", canaries.SECRET_KEY)
        azure.set_secret("kolibri-superuser-password", canaries.SUPERUSER_PASSWORD)
        yield made


@pytest.fixture
def secrets(azure):
    """All canaries, and every token issued so far."""
    return lambda: [*canaries.ALL, *(token.value for token in azure.tokens.issued())]


def from_environment(deployment, postgres):
    """The same secrets as environment variables, one for each part of the URL."""
    del deployment.environment["KOLIBRI_AZURE_KEY_VAULT_URL"]
    deployment.environment.update(
        KOLIBRI_SECRET_KEY=canaries.SECRET_KEY,
        KOLIBRI_SUPERUSER_PASSWORD=canaries.SUPERUSER_PASSWORD,
        KOLIBRI_DATABASE_HOST=postgres.host,
        KOLIBRI_DATABASE_PORT=str(postgres.port),
        KOLIBRI_DATABASE_NAME=deployment.database,
        KOLIBRI_DATABASE_USER=deployment.user,
        KOLIBRI_DATABASE_PASSWORD=canaries.PASSWORD,
    )


def assert_no_leak(result, deployment, secrets):
    assert canaries.leaks(result.stdout + result.stderr, secrets()) == []
    assert canaries.leaks_in_files(deployment.home, secrets()) == {}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_debug_start_shows_no_secret_when(
    planted, deployment, azure, postgres, other_authority, secrets
):
    """Debug mode shows more; test_start_fails_closed checks the same starts without it."""
    deployment.environment["KOLIBRI_AZURE_STARTUP_TIMEOUT"] = "1" if planted.transient else "60"
    deployment.environment["KOLIBRI_DEBUG"] = "True"
    with planted.plant(World(deployment, azure, postgres, other_authority)):
        result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert "Traceback" in result.stderr
    assert f"#{planted.code}\n" in result.stderr
    assert_no_leak(result, deployment, secrets)


@pytest.mark.parametrize(
    "variables",
    [
        {"KOLIBRI_DATABASE_URL": canaries.PASSWORD},
        {"KOLIBRI_DATABASE_URL": f"postgresql://user:{canaries.PASSWORD}@host/name"},
        {"KOLIBRI_DATABASE_URL": f"postgresql://user:{canaries.SECRET_KEY}@host:port/name"},
        {"KOLIBRI_DATABASE_URL": f"postgresql://localhost:1/name?password={canaries.SECRET_KEY}"},
    ],
    ids=" ".join,
)
def test_a_secret_that_can_not_be_used_is_not_shown(variables, deployment, secrets):
    deployment.environment.update(variables, KOLIBRI_AZURE_STARTUP_TIMEOUT="1")
    deployment.environment["KOLIBRI_DEBUG"] = "True"
    result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert_no_leak(result, deployment, secrets)


def test_a_password_in_options_ini_is_refused_and_not_shown(deployment, secrets):
    deployment.home.mkdir()
    (deployment.home / "options.ini").write_text(
        f"[Database]\nDATABASE_PASSWORD = {canaries.SECRET_KEY}\n"
    )
    result = deployment.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert "#password-on-disk\n" in result.stderr
    assert canaries.leaks(result.stdout + result.stderr, secrets()) == []


@pytest.mark.parametrize("source", ["the vault", "the environment"])
def test_settings_are_shown_without_secrets_from(source, deployment, postgres, secrets):
    if source == "the environment":
        from_environment(deployment, postgres)
    result = deployment.run("manage", "--skip-update", "diffsettings", "--all")
    assert result.returncode == 0, result.stderr
    assert "kolibri_azure_plugin.database.postgresql" in result.stdout
    assert "SECRET_KEY = '********'" in result.stdout
    assert_no_leak(result, deployment, secrets)


def test_the_debug_page_of_a_failing_request_shows_no_secret(
    deployment, azure, postgres, canary_role, secrets
):
    deployment.environment["KOLIBRI_DEBUG"] = "True"
    azure.set_secret("kolibri-database-url", deployment.database_url)
    try:
        with gunicorn(deployment) as site:
            client = signed_in(site.url)
            # A password that is not in the vault, so connecting fails with the old one.
            postgres.set_password(canary_role, PASSWORD_OF_OTHERS)
            postgres.terminate_connections(deployment.database)
            answer = client.request("GET", "/api/public/info/", headers={"Accept": "text/html"})
            output = site.output
    finally:
        postgres.set_password(canary_role, canaries.PASSWORD)
    assert answer.status_code == 500
    assert "password authentication failed" in answer.text
    assert "Local vars" in answer.text
    assert canaries.leaks(answer.text, secrets()) == []
    assert canaries.leaks(output, secrets()) == []
    assert canaries.leaks_in_files(deployment.home, secrets()) == {}


def test_a_running_site_leaves_no_secret_on_disk_in_logs_or_in_command_lines(
    deployment, postgres, secrets, tmp_path
):
    from_environment(deployment, postgres)
    folder = tmp_path / "second"
    folder.mkdir()
    with kolibri_start(deployment) as site:
        admin = signed_in(site.url, SUPERUSER, SUPERUSER_PASSWORD)
        settings = admin.get("/api/device/devicesettings/")
        settings["secondary_storage_locations"] = [str(folder)]
        assert admin.request("PATCH", "/api/device/devicesettings/", json=settings).ok
        command_lines = children(site.pid)
        listed = deployment.run("plugin", "list")
        output = site.output
    assert str(folder) in (deployment.home / "options.ini").read_text()
    assert len(command_lines) > 0
    assert canaries.leaks(" ".join(command_lines.values()), secrets()) == []
    assert canaries.leaks(output, secrets()) == []
    assert_no_leak(listed, deployment, secrets)


def test_the_status_page_shows_no_secret_even_if_one_is_stored(deployment, secrets):
    spilled = f"{canaries.PASSWORD} {canaries.SECRET_KEY} {deployment.database_url}"
    check = {
        **dict.fromkeys(("category", "description", "message", "cause", "remedy", "docs"), spilled),
        "id": "azure.kolibri.version",
        "scope": "instance",
        "status": "fail",
        "measurements": {"error": spilled},
    }
    with gunicorn(deployment) as site, story_of(deployment.database_url) as story:
        story.announce(["first"])
        story.report([check], ["first"])
        story.fail_job("spilled", "tests.spilled", spilled, channel_name=spilled)
        admin = signed_in(site.url, SUPERUSER, SUPERUSER_PASSWORD)
        page, report = (
            admin.request("GET", f"/azure/status/{name}").text for name in ("", "report.json")
        )
        output = site.output
    assert "azure.kolibri.version" in report
    assert page.count(MASK) > 5
    assert report.count(MASK) > 5
    assert canaries.leaks(page + report + output, secrets()) == []


@NEEDS_FUSE
def test_the_probe_of_the_share_inherits_no_secret(deployment, postgres, secrets):
    from_environment(deployment, postgres)
    deployment.kind = "hang"
    with subprocess.Popen(
        deployment.kolibri(*CHECK),
        env=deployment.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            environment = wait_until(
                lambda: environment_of_the_probe(process.pid), "the probe of the share", 60
            )
        finally:
            process.kill()
    assert canaries.leaks(environment, secrets()) == []
    assert b"KOLIBRI" not in environment
    assert b"IDENTITY" not in environment


def environment_of_the_probe(pid):
    for child, command_line in children(pid).items():
        if "probe_process.py" in command_line:
            return Path(f"/proc/{child}/environ").read_bytes() or b"empty"
    return None
