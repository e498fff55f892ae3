"""A URL or plain options give a database with a safe connection, or are refused."""

from __future__ import annotations

import os
from urllib.parse import quote

import pytest

from kolibri_azure_plugin.configuration.secrets import Secrets
from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.database.config import (
    LoginSource,
    login_source,
    parse_url,
    read_config,
)
from kolibri_azure_plugin.errors import SecretError, SettingsError
from tests.deployments import deployment

PASSWORD = "p@ss/w:r#d%41?&=+ é"
HOST = "server.postgres.database.azure.com"
URL = f"postgresql://kolibri:{quote(PASSWORD, safe='')}@{HOST}:5432/learning"


def config_of(url, **settings):
    return parse_url(url, Settings(**settings))[0]


def test_every_part_of_a_url_is_taken():
    config, login = parse_url(URL, Settings())
    assert (config.host, config.port, config.name, config.user) == (
        HOST,
        "5432",
        "learning",
        "kolibri",
    )
    assert login.password == PASSWORD


def test_a_password_is_in_no_setting_and_no_repr():
    config, login = parse_url(URL, Settings())
    assert PASSWORD not in repr(config.django_settings(600)) + repr(login) + repr(config)
    assert config.django_settings(600)["PASSWORD"] == ""


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "pgsql"])
def test_the_usual_schemes_are_accepted(scheme):
    assert config_of(URL.replace("postgresql", scheme, 1)).name == "learning"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///db.sqlite3", "does not begin with postgresql://"),
        ("mysql://u:p@h/d", "does not begin with postgresql://"),
        ("just-a-password", "does not begin with postgresql://"),
        (f"postgresql://kolibri:{PASSWORD}@{HOST}/learning", "not a valid URL"),
        (f"postgresql://kolibri:secret@{HOST}/", "has no database"),
        (f"postgresql://:secret@{HOST}/learning", "has no user"),
        ("postgresql://kolibri:secret@/learning", "has no host"),
        (f"postgresql://kolibri@{HOST}/learning", "has no password"),
        (f"{URL}?passfile=/etc/passwd", "parameters passfile are not accepted"),
        (f"{URL}?gssencmode=prefer", "parameters gssencmode are not accepted"),
    ],
)
def test_a_url_that_can_not_be_used_is_refused_without_quoting_it(url, reason):
    with pytest.raises(SecretError) as caught:
        parse_url(url, Settings())
    assert reason in caught.value.found
    for part in ("p@ss", "r#d", "secret@", "just-a-password"):
        assert part not in caught.value.instructions()


def test_entra_takes_no_password():
    entra = {"database_auth": "entra"}
    assert config_of(f"postgresql://identity@{HOST}/learning", **entra).user == "identity"
    with pytest.raises(SecretError, match="contains a password"):
        config_of(URL, **entra)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "nonsense"])
def test_nothing_weaker_than_require_is_accepted_in_the_url(mode):
    with pytest.raises(SettingsError) as caught:
        config_of(f"{URL}?sslmode={mode}")
    assert mode in caught.value.found


@pytest.mark.parametrize(
    ("setting", "in_url", "effective"),
    [
        ("require", "", "require"),
        ("require", "?sslmode=verify-full", "verify-full"),
        ("verify-full", "?sslmode=require", "verify-full"),
        ("verify-ca", "", "verify-ca"),
    ],
)
def test_the_strictest_sslmode_wins(setting, in_url, effective):
    config = config_of(URL + in_url, database_ssl_mode=setting)
    assert config.options["sslmode"] == effective


def test_verification_without_a_file_uses_the_systems_bundle(tmp_path, monkeypatch):
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert config_of(URL, database_ssl_mode="verify-full").options["sslrootcert"] == str(bundle)
    assert "sslrootcert" not in config_of(URL).options


def test_a_ca_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        config_of(URL, database_ssl_root_cert=str(tmp_path / "absent.pem"))
    assert "absent.pem" in caught.value.found


@pytest.mark.skipif(os.getuid() == 0, reason="root may read every folder: be another user")
def test_a_ca_file_in_a_closed_folder_is_named(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o600)

    with pytest.raises(SettingsError) as caught:
        config_of(URL, database_ssl_root_cert=str(closed / "ca.pem"))
    assert "ca.pem" in caught.value.found


PLAIN = {"DATABASE_HOST": HOST, "DATABASE_NAME": "learning", "DATABASE_USER": "kolibri"}


def read_plain(environ, **options):
    secrets = Secrets({"KOLIBRI_AZURE_DATABASE_PASSWORD": PASSWORD}, None)
    return read_config(deployment(environ, {"Database": {**PLAIN, **options}}), secrets)


def test_plain_options_name_a_database_too():
    config, login = read_plain({"KOLIBRI_DATABASE_SSL": "true"}, DATABASE_PORT="6432")
    assert (config.host, config.port, config.name) == (HOST, "6432", "learning")
    assert (login.user, login.password) == ("kolibri", PASSWORD)
    assert config.options["sslmode"] == "require"


def test_entra_takes_no_password_with_plain_options_either():
    secrets = Secrets({"KOLIBRI_AZURE_DATABASE_PASSWORD": PASSWORD}, None)
    entra = deployment(options={"Database": PLAIN}, database_auth="entra")
    with pytest.raises(SecretError, match="contains a password") as caught:
        read_config(entra, secrets)
    assert "KOLIBRI_DATABASE_PASSWORD" in caught.value.found
    assert PASSWORD not in caught.value.instructions()
    assert read_config(entra, Secrets({}, None))[1].password == ""


@pytest.mark.parametrize(
    "environ", [{"KOLIBRI_DATABASE_SSL": "false"}, {"KOLIBRI_DATABASE_SSL_MODE": "disable"}]
)
def test_plain_options_can_not_switch_tls_off(environ):
    with pytest.raises(SettingsError, match="would not be safe"):
        read_plain(environ)


def test_a_default_that_kolibri_wrote_into_options_ini_switches_nothing_off():
    config, _ = read_plain({}, DATABASE_SSL_MODE="disable")
    assert config.options["sslmode"] == "require"


def test_kolibris_own_sslmode_counts_when_it_is_stricter():
    config, _ = read_plain({}, DATABASE_SSL_MODE="verify-full")
    assert config.options["sslmode"] == "verify-full"


def test_a_url_wins_over_plain_options():
    secrets = Secrets({"KOLIBRI_DATABASE_URL": URL}, None)
    plain = deployment(options={"Database": {**PLAIN, "DATABASE_NAME": "other"}})
    config, _ = read_config(plain, secrets)
    assert config.name == "learning"


@pytest.mark.parametrize(
    ("options", "environ", "auth", "source"),
    [
        ({}, {}, "password", LoginSource("kolibri-database-url", is_url=True)),
        (PLAIN, {"KOLIBRI_DATABASE_URL": URL}, "entra",
         LoginSource("kolibri-database-url", is_url=True)),
        (PLAIN, {}, "password", LoginSource("kolibri-database-password", is_url=False)),
        (PLAIN, {}, "entra", LoginSource("", is_url=False)),
    ],
)  # fmt: skip
def test_the_login_comes_from_a_url_unless_only_plain_options_are_given(
    options, environ, auth, source
):
    plain = deployment(options={"Database": options}, database_auth=auth)
    assert login_source(plain, Secrets(environ, None)) == source
