"""Settings from the environment and options.ini, and the conditions before Kolibri reads them."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.configuration import settings
from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.configuration.preconditions import require_preconditions
from kolibri_azure_plugin.errors import SettingsError
from tests.deployments import deployment

OUTSIDE = {"KOLIBRI_CONTENT_DIR": "/elsewhere"}
SQLITE = {"KOLIBRI_DATABASE_ENGINE": "sqlite"}
PASSWORD = {"Database": {"DATABASE_PASSWORD": "s3cret-password"}}


def test_an_option_comes_from_the_environment_else_from_options_ini(tmp_path):
    (tmp_path / "options.ini").write_text(
        "[Database]\nDATABASE_HOST = of-the-file\nDATABASE_NAME = learning\n"
        "[Azure]\nAZURE_CLIENT_ID = someone\n"
    )
    environ = {"KOLIBRI_DATABASE_HOST": "of-the-environment", "KOLIBRI_DATABASE_NAME": ""}
    found = Deployment.read(environ, str(tmp_path))
    assert found.option("Database", "DATABASE_HOST") == "of-the-environment"
    assert found.option("Database", "DATABASE_NAME") == "learning"
    assert found.option("Database", "DATABASE_PORT") == ""
    assert found.settings.client_id == "someone"


def test_neither_the_environment_nor_options_ini_is_shown():
    shown = repr(deployment({"KOLIBRI_DATABASE_URL": "s3cret-url"}, PASSWORD))
    assert "s3cret" not in shown


@pytest.mark.parametrize("prefix", ["", "CUSTOMCONNSTR_"])
def test_a_test_deployment_with_a_database_url_is_on_postgresql_however_it_is_given(prefix):
    environ = {f"{prefix}KOLIBRI_DATABASE_URL": "postgresql://host/name"}
    assert not deployment(deployment=settings.TEST).wants_postgresql
    assert deployment(environ, deployment=settings.TEST).wants_postgresql


@pytest.mark.parametrize("given", ["the environment", "options.ini", "a vault"])
def test_a_test_deployment_is_on_postgresql_with_a_database_from(given):
    found = {
        "the environment": deployment(
            {"KOLIBRI_DATABASE_HOST": "server"}, deployment=settings.TEST
        ),
        "options.ini": deployment(
            options={"Database": {"DATABASE_HOST": "server"}}, deployment=settings.TEST
        ),
        "a vault": deployment(
            deployment=settings.TEST, key_vault_url="https://kolibri.vault.azure.net"
        ),
    }
    assert found[given].wants_postgresql


@pytest.mark.parametrize(
    ("environ", "options", "folder"),
    [
        ({}, {}, "/share"),
        ({}, {"Paths": {"CONTENT_DIR": "/share/of-the-file"}}, "/share/of-the-file"),
        ({"KOLIBRI_CONTENT_DIR": "/share/here"}, {}, "/share/here"),
        (
            {"KOLIBRI_CONTENT_DIR": "/share/here"},
            {"Paths": {"CONTENT_DIR": "/share/of-the-file"}},
            "/share/here",
        ),
        ({"KOLIBRI_CONTENT_DIR": "relative/../to-home"}, {}, "/kolibri/to-home"),
    ],
)
def test_content_lies_in_the_folder_that_is_given_else_in_the_mount(environ, options, folder):
    found = deployment(environ, options, content_mount="/share")
    assert found.content_folder == folder


def test_a_test_deployment_without_a_share_keeps_its_content_at_home(tmp_path):
    mount = tmp_path / "mount"
    trial = deployment(deployment=settings.TEST, content_mount=str(mount))
    assert trial.content_folder == "/kolibri/content"
    mount.mkdir()
    assert trial.content_folder == str(mount)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/share", True),
        ("/share/content", True),
        ("/share/../elsewhere", False),
        ("/shared", False),
        ("/", False),
    ],
)
def test_a_path_leads_into_the_share_by_whole_names(path, expected):
    assert deployment(content_mount="/share").is_on_share(path) is expected
    assert deployment(content_mount="/share/").is_on_share(path) is expected


@pytest.mark.parametrize(
    ("environ", "options", "code"),
    [
        (OUTSIDE, {}, "content-dir"),
        (SQLITE, {}, "database-engine"),
        ({}, PASSWORD, "password-on-disk"),
        (SQLITE, PASSWORD, "database-engine"),
        ({**SQLITE, **OUTSIDE}, PASSWORD, "content-dir"),
    ],
)
def test_of_the_faults_that_keep_kolibri_from_its_options_the_first_is_told(environ, options, code):
    with pytest.raises(SettingsError) as caught:
        require_preconditions(deployment(environ, options))
    assert caught.value.code == code
    assert "s3cret" not in caught.value.instructions()


def test_a_remedy_names_the_secret_as_this_deployment_does():
    with pytest.raises(SettingsError) as caught:
        require_preconditions(
            deployment(options=PASSWORD, database_password_secret="school-database")
        )
    assert "-n school-database " in caught.value.remedy


@pytest.mark.parametrize(
    "found",
    [
        deployment(),
        deployment({"KOLIBRI_CONTENT_DIR": "/data/content/here"}),
        deployment({"KOLIBRI_DATABASE_ENGINE": "postgres"}),
        deployment({"KOLIBRI_CACHE_BACKEND": "redis"}),
        deployment({**OUTSIDE, **SQLITE}, deployment=settings.TEST),
    ],
)
def test_kolibri_may_look_at_its_options(found):
    require_preconditions(found)
