"""The table of all settings: accepted values, sources, and the page that follows it."""

from __future__ import annotations

import re

import pytest

from devtools import settings_page
from kolibri_azure_plugin.configuration import settings
from kolibri_azure_plugin.configuration.secrets import RENAMED_VARIABLES
from kolibri_azure_plugin.configuration.table import read_options_file
from kolibri_azure_plugin.container import settings as image_settings
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.fail_closed import LAST_WORDS

SETTING = re.compile(r"\bKOLIBRI_AZURE_[A-Z_]+\b")

#: Variables that one process of the plugin sets for another.
NO_SETTINGS = {LAST_WORDS, "KOLIBRI_AZURE_PATCHES_LEFT_OUT"}


def test_the_reference_page_shows_the_table_as_it_is():
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page(), (
        "write it again: python -m devtools.settings_page"
    )


def test_every_setting_that_the_code_names_is_in_a_table(repository):
    rows = [row for table in (settings, image_settings) for _field, row in table.rows()]
    known = {row.variable for row in rows} | NO_SETTINGS | {*RENAMED_VARIABLES.values()}
    unknown = {
        f"{path.name}: {name}"
        for path in (repository / "kolibri_azure_plugin").rglob("*.py")
        for name in SETTING.findall(path.read_text(encoding="utf-8"))
        if name not in known
    }
    assert unknown == set()


def test_every_default_can_be_used():
    loaded = settings.load({}, {})
    assert loaded == settings.Settings()
    assert set(loaded.sources.values()) == {"default"}


def test_the_environment_wins_over_options_ini():
    loaded = settings.load(
        {"KOLIBRI_AZURE_CONTENT_MOUNT": "/from/environment"},
        {"AZURE_CONTENT_MOUNT": "/from/file", "AZURE_CLIENT_ID": "from-file"},
    )
    assert loaded.content_mount == "/from/environment"
    assert loaded.sources["content_mount"] == "environment"
    assert loaded.client_id == "from-file"
    assert loaded.sources["client_id"] == "options.ini"


def test_an_empty_variable_counts_as_not_set():
    loaded = settings.load({"KOLIBRI_AZURE_CLIENT_ID": " "}, {"AZURE_CLIENT_ID": "from-file"})
    assert loaded.client_id == "from-file"


def test_the_platforms_variables_are_the_last_resort():
    platform = {"AZURE_CLIENT_ID": "platform", "WEBSITE_HOSTNAME": "app.azurewebsites.net"}
    loaded = settings.load(platform, {})
    assert loaded.client_id == "platform"
    assert loaded.allowed_hosts == ("app.azurewebsites.net",)
    assert settings.load({**platform, "KOLIBRI_AZURE_CLIENT_ID": "own"}, {}).client_id == "own"


def test_a_list_may_come_as_text_or_as_options_ini_reads_it():
    from_text = settings.load({"KOLIBRI_AZURE_MOUNT_TYPES": "cifs, nfs4,,"}, {})
    from_file = settings.load({}, {"AZURE_MOUNT_TYPES": ["cifs", "nfs4"]})
    assert from_text.mount_types == from_file.mount_types == ("cifs", "nfs4")


@pytest.mark.parametrize("text", ["true", "True", "1", "yes", "on", " true "])
def test_a_door_of_a_new_site_is_opened_by_a_word_that_says_so(text):
    loaded = settings.load({"KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP": text}, {})
    assert loaded.learner_can_sign_up
    assert not loaded.learner_can_login_by_name


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "off", "", " "])
def test_and_by_no_other(text):
    loaded = settings.load({"KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME": text}, {})
    assert not loaded.learner_can_login_by_name
    with pytest.raises(SettingsError, match="A setting can't be used"):
        settings.load({"KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME": "perhaps"}, {})


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("KOLIBRI_AZURE_STARTUP_TIMEOUT", "soon", "must be a whole number of 1 or more"),
        ("KOLIBRI_AZURE_STARTUP_TIMEOUT", "0", "must be a whole number of 1 or more"),
        ("KOLIBRI_AZURE_DATABASE_SSL_MODE", "prefer", "one of require, verify-ca, verify-full"),
        ("KOLIBRI_AZURE_DEPLOYMENT", "prod", "one of production, test"),
        ("KOLIBRI_AZURE_HTTPS_PROXY", "maybe", "must be true or false"),
        (
            "KOLIBRI_AZURE_KEY_VAULT_URL",
            "@Microsoft.KeyVault(SecretUri=https://x)",
            "could not resolve this Key Vault reference",
        ),
    ],
)
def test_a_value_that_can_not_be_used_is_named_with_its_source(variable, value, reason):
    with pytest.raises(SettingsError) as caught:
        settings.load({variable: value}, {})
    assert f"{variable} (environment)" in caught.value.found
    assert reason in caught.value.found


@pytest.mark.parametrize(
    "name", ["postgresql://kolibri:s3cret@server/learning", "../s3cret", "s3cret key", "s" * 128]
)
def test_an_invalid_name_of_a_secret_is_refused_and_not_quoted(name):
    with pytest.raises(SettingsError) as caught:
        settings.load({"KOLIBRI_AZURE_DATABASE_URL_SECRET": name}, {})
    assert "KOLIBRI_AZURE_DATABASE_URL_SECRET (environment)" in caught.value.found
    assert "at most 127 letters, digits and hyphens" in caught.value.found
    assert name not in caught.value.instructions()


def test_all_problems_are_named_at_once():
    broken = {"KOLIBRI_AZURE_STARTUP_TIMEOUT": "soon", "KOLIBRI_AZURE_DEPLOYMENT": "prod"}
    with pytest.raises(SettingsError) as caught:
        settings.load(broken, {})
    assert len(caught.value.found.splitlines()) == 2


@pytest.mark.parametrize(
    ("word", "truth"), [("1", True), ("True", True), ("on", True), ("no", False), ("FALSE", False)]
)
def test_truth_may_be_said_in_several_words(word, truth):
    assert settings.load({"KOLIBRI_AZURE_HTTPS_PROXY": word}, {}).https_proxy is truth


def test_an_options_file_is_read_as_it_stands(tmp_path):
    file = tmp_path / "options.ini"
    file.write_text("[Azure]\nAZURE_CLIENT_ID = 50%(percent)s\nAZURE_MOUNT_TYPES = cifs,nfs4\n")
    assert read_options_file(file) == {
        "Azure": {"AZURE_CLIENT_ID": "50%(percent)s", "AZURE_MOUNT_TYPES": ["cifs", "nfs4"]}
    }
    assert read_options_file(tmp_path / "absent.ini") == {}
