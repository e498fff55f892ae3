"""The plugin knows all settings of the templates."""

from __future__ import annotations

import json

from kolibri_azure_plugin.configuration import settings
from tests.arm import app_settings
from tests.arm.conftest import NAMES

TABLE = {row.variable: row for _, row in settings.rows()}


def test_each_setting_of_the_plugin_is_in_its_table():
    assert set(TABLE) >= app_settings.PLUGIN


def test_no_setting_of_the_plugin_is_taken_for_one_of_the_image():
    assert not (set(TABLE) & app_settings.IMAGE)


def test_each_secret_has_the_name_under_which_the_plugin_asks_for_it():
    asked = {row.default for row in TABLE.values() if row.secret}
    without_url = {"kolibri-database-password"}
    assert asked - without_url == app_settings.SECRETS


def test_the_plugin_accepts_each_value(evaluated):
    for result in evaluated:
        given = {
            name: value.replace("<at deployment>", "at-deployment")
            for name, value in result.app_settings("app").items()
        }
        loaded = settings.load(given, {})
        assert not loaded.is_test
        assert loaded.database_auth == "entra"
        assert loaded.allowed_hosts


def test_the_test_template_asks_for_a_test_deployment(checker):
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    given = checker.evaluate(template, {}).app_settings("app")
    assert set(given) <= app_settings.KNOWN
    assert settings.load(given, {}).is_test
