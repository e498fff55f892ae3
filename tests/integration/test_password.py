"""A password with many special characters works everywhere, and only over verified TLS."""

from __future__ import annotations

import subprocess

import pytest

from devtools.channel import CHANNEL_ID, CHANNEL_NAME, make_channel
from devtools.deployment import SECRET_KEY, SUPERUSER, SUPERUSER_PASSWORD
from kolibri_azure_plugin.errors.fail_closed import EXIT_CODE

from .conftest import PASSWORD
from .serving import gunicorn, kolibri_start, signed_in

CHECK = ("manage", "--skip-update", "check")

#: Signs in like Django, waits for a line, and signs in like an import of a channel and like Django.
SIGN_IN_ON_DEMAND = """
import sys, kolibri, django
django.setup()
from django.db import connection
from kolibri.core.content.utils import sqlalchemybridge
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
for stack in (
    lambda: sqlalchemybridge.get_engine(sqlalchemybridge.get_default_db_string()).connect(),
    lambda: (connection.close(), connection.ensure_connection()),
):
    try:
        stack()
        print("accepted")
    except Exception as error:
        print("refused:", str(error).replace("\\n", " "))
"""


@pytest.fixture(scope="module")
def drive(tmp_path_factory):
    return make_channel(tmp_path_factory.mktemp("drive"))


@pytest.fixture
def plain(provisioned, postgres):
    """A deployment of the first kind: without vault and URL, a variable for each part."""
    environment = provisioned.environment
    for name in ("KEY_VAULT_URL", "DATABASE_SSL_MODE", "DATABASE_SSL_ROOT_CERT"):
        del environment[f"KOLIBRI_AZURE_{name}"]
    environment.update(
        KOLIBRI_SECRET_KEY=SECRET_KEY,
        KOLIBRI_SUPERUSER_PASSWORD=SUPERUSER_PASSWORD,
        KOLIBRI_DATABASE_HOST=postgres.host,
        KOLIBRI_DATABASE_PORT=str(postgres.port),
        KOLIBRI_DATABASE_NAME=provisioned.database,
        KOLIBRI_DATABASE_USER=provisioned.user,
        KOLIBRI_DATABASE_PASSWORD=PASSWORD,
        KOLIBRI_DATABASE_SSL="true",
    )
    return provisioned


def sign_in_on_demand(deployment, prepare):
    """The results of both stacks when they connect after `prepare` was called in between."""
    program = (deployment.python, "-c", SIGN_IN_ON_DEMAND)
    with subprocess.Popen(
        deployment.command(*program),
        env=deployment.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout:
            if line == "ready\n":
                break
        prepare()
        output, _ = process.communicate("go on\n", timeout=60)
    return [line for line in output.splitlines() if line.startswith(("accepted", "refused:"))]


@pytest.mark.essential
@pytest.mark.slow
def test_migration_start_sign_in_and_channel_import_work(deployment, drive):
    deployment.provision()
    for command in ("importchannel", "importcontent"):
        deployment.require("manage", command, "disk", CHANNEL_ID, str(drive))
    with kolibri_start(deployment) as site:
        channels = signed_in(site.url).get("/api/content/channel/", available=True)
    assert [channel["name"] for channel in channels] == [CHANNEL_NAME]
    assert not list(deployment.home.rglob("db.sqlite3"))


@pytest.mark.essential
def test_both_database_stacks_verify_the_certificate(provisioned):
    assert sign_in_on_demand(provisioned, lambda: None) == ["accepted", "accepted"]


def test_both_refuse_a_certificate_of_an_unknown_authority(
    provisioned, tmp_path, authority, other_authority
):
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.certificate_file.read_bytes())
    provisioned.environment["KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT"] = str(trusted)
    answers = sign_in_on_demand(
        provisioned,
        lambda: trusted.write_bytes(other_authority.certificate_file.read_bytes()),
    )
    assert len(answers) == 2
    assert all("certificate verify failed" in answer for answer in answers), answers


def test_both_refuse_a_certificate_for_another_host(provisioned, tmp_path, authority, postgres):
    usual = authority.issue("postgres", ["localhost", "127.0.0.1"], folder=tmp_path)
    other = authority.issue("elsewhere", ["elsewhere.example"], folder=tmp_path)
    try:
        answers = sign_in_on_demand(provisioned, lambda: postgres.use_certificate(other))
    finally:
        postgres.use_certificate(usual)
    assert len(answers) == 2
    assert all("does not match host name" in answer for answer in answers), answers


def test_plain_variables_work_without_a_url_and_without_a_vault(plain, azure):
    result = plain.run(*CHECK)
    assert result.returncode == 0, result.stderr
    assert "sslmode require." in result.stdout
    assert azure.requests == []


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_accepted_is_sslmode(mode, plain, authority):
    plain.environment["KOLIBRI_AZURE_DATABASE_SSL_MODE"] = mode
    plain.environment["KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT"] = str(authority.certificate_file)
    result = plain.run(*CHECK)
    assert result.returncode == 0, result.stderr
    assert f"sslmode {mode}." in result.stdout


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"KOLIBRI_AZURE_DATABASE_SSL_MODE": "prefer"}, "'prefer', but must be one of require"),
        ({"KOLIBRI_DATABASE_SSL": "false"}, "KOLIBRI_DATABASE_SSL asks for disable"),
        ({"KOLIBRI_DATABASE_SSL_MODE": "prefer"}, "KOLIBRI_DATABASE_SSL_MODE asks for prefer"),
        ({"KOLIBRI_DATABASE_SSL_MODE": "disable"}, "KOLIBRI_DATABASE_SSL_MODE asks for disable"),
        (
            {"KOLIBRI_DATABASE_URL": "postgresql://user:opensesame@localhost/name?sslmode=prefer"},
            "secret kolibri-database-url asks for prefer",
        ),
    ],
    ids=["the setting", "KOLIBRI_DATABASE_SSL", "Kolibri's own option", "the word disable", "URL"],
)
def test_a_weaker_sslmode_is_refused_from(variables, found, plain):
    plain.environment.update(variables)
    result = plain.run(*CHECK)
    assert result.returncode == EXIT_CODE
    assert found in result.stderr
    assert not list(plain.home.rglob("*.sqlite3"))


def test_the_password_stays_out_of_options_ini_when_a_device_setting_is_changed(plain, tmp_path):
    folder = tmp_path / "second"
    folder.mkdir()
    with gunicorn(plain) as site:
        admin = signed_in(site.url, SUPERUSER, SUPERUSER_PASSWORD)
        settings = admin.get("/api/device/devicesettings/")
        settings["secondary_storage_locations"] = [str(folder)]
        answer = admin.request("PATCH", "/api/device/devicesettings/", json=settings)
    assert answer.ok, answer.text
    written = (plain.home / "options.ini").read_text()
    assert str(folder) in written
    assert PASSWORD not in written
    assert SECRET_KEY not in written
    # Kolibri can start with the settings that it has written.
    result = plain.run(*CHECK)
    assert result.returncode == 0, result.stderr
