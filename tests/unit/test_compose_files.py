"""docker/compose.yaml, and the settings of its services."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from devtools import compose_files
from devtools.azure_standin import AzureStandin
from kolibri_azure_plugin.configuration import settings
from kolibri_azure_plugin.container import settings as image_settings

COMPOSE = Path(__file__).parents[2] / "docker" / "compose.yaml"
PASSWORD = "long-enough"


@pytest.fixture
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "private", tmp_path / "public"


def test_each_setting_of_kolibri_is_one_that_somebody_reads(services, tmp_path):
    known = {row.variable for _, row in settings.rows()}
    known |= {row.variable for _, row in image_settings.rows()}
    known |= {"KOLIBRI_ZIP_CONTENT_ORIGIN"}
    with AzureStandin(tmp_path) as azure:
        known |= set(azure.environment())
    assert set(services["kolibri"]["environment"]) <= known


def test_kolibri_has_no_unneeded_privileges(services):
    kolibri = services["kolibri"]
    assert kolibri["read_only"]
    assert kolibri["cap_drop"] == ["ALL"]
    assert "user" not in kolibri  # the image's own user, not root


def test_nothing_is_open_to_the_network(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    for port in ports:
        assert port.startswith("127.0.0.1:")


def test_kolibri_gets_none_of_the_keys_and_passwords(services):
    mounted = [str(volume) for volume in services["kolibri"]["volumes"]]
    assert mounted
    assert not [volume for volume in mounted if "private" in volume.partition(":")[0]]
    assert "PASSWORD" not in str(services["kolibri"]["environment"])


def test_the_server_is_named_as_its_certificate_says(services, folders):
    private, public = folders
    compose_files.prepare(private, public, PASSWORD)
    assert compose_files.POSTGRES in services
    assert (private / f"{compose_files.POSTGRES}.pem").exists()
    assert "PRIVATE" not in "".join(path.read_text() for path in public.iterdir())


def test_the_vault_gets_each_secret_that_the_plugin_asks_for(folders):
    compose_files.prepare(*folders, PASSWORD)
    found = json.loads((folders[0] / "secrets.json").read_text())
    asked = {row.default for _, row in settings.rows() if row.secret}
    assert set(found) == asked - {"kolibri-database-password"}
    assert found["kolibri-superuser-password"] == PASSWORD


def test_the_server_has_the_password_that_kolibri_is_told(folders):
    compose_files.prepare(*folders, PASSWORD)
    found = json.loads((folders[0] / "secrets.json").read_text())
    database = urlsplit(found["kolibri-database-url"])
    assert unquote(database.password) == (folders[0] / "postgres.password").read_text()


def test_a_second_start_finds_the_same_secrets(folders):
    compose_files.prepare(*folders, PASSWORD)
    before = (folders[0] / "secrets.json").read_text()
    compose_files.prepare(*folders, PASSWORD)
    assert (folders[0] / "secrets.json").read_text() == before


def test_no_key_and_no_password_can_be_read_by_others(folders):
    compose_files.prepare(*folders, PASSWORD)
    secrets = [path for path in folders[0].rglob("*") if path.is_file() and path.suffix != ".pem"]
    assert secrets
    for path in secrets:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_short_password_is_refused(folders, monkeypatch, capsys):
    monkeypatch.setenv(compose_files.PASSWORD_VARIABLE, "short")
    assert compose_files.main(["--private", str(folders[0]), "--public", str(folders[1])]) == 1
    assert "needs 8 characters" in capsys.readouterr().err
