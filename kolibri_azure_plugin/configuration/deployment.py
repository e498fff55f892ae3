"""The administrator's settings, from the environment and options.ini."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from kolibri_azure_plugin.configuration.secrets import in_environment
from kolibri_azure_plugin.configuration.settings import SECTION, Settings, load
from kolibri_azure_plugin.configuration.table import read_options_file


@dataclasses.dataclass(frozen=True)
class Deployment:
    """One deployment's settings, before Kolibri has read its own options.

    :param home: KOLIBRI_HOME.
    :param environ: the environment. It may contain secrets, so it is never shown.
    :param options: the raw content of options.ini. It may contain a password.
    """

    settings: Settings
    home: str
    environ: Mapping[str, str] = dataclasses.field(repr=False)
    options: Mapping[str, Mapping[str, Any]] = dataclasses.field(repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str], home: str) -> Deployment:
        """Read an environment and the options.ini of a KOLIBRI_HOME.

        :raises SettingsError: when a setting can't be used.
        """
        options = read_options_file(os.path.join(home, "options.ini"))
        return cls(load(environ, options.get(SECTION, {})), home, environ, options)

    def option(self, section: str, name: str) -> str:
        """The configured value of one of Kolibri's options; empty if not set."""
        given = self.environ.get(f"KOLIBRI_{name}") or self.options.get(section, {}).get(name)
        return str(given or "")

    @property
    def wants_postgresql(self) -> bool:
        """False only for a test deployment that names no PostgreSQL."""
        named = (
            self.settings.key_vault_url
            or in_environment(self.environ, self.settings.database_url_secret)
            or self.option("Database", "DATABASE_HOST")
        )
        return bool(named) or not self.settings.is_test

    @property
    def content_folder(self) -> str:
        """Kolibri's CONTENT_DIR, which may be a folder of the content share."""
        given = self.option("Paths", "CONTENT_DIR")
        if given:
            # Kolibri resolves relative paths against KOLIBRI_HOME.
            return os.path.abspath(os.path.join(self.home, os.path.expanduser(given)))
        mount = self.settings.content_mount
        if self.settings.is_test and not os.path.isdir(mount):
            return os.path.join(self.home, "content")
        return mount

    def is_on_share(self, path: str) -> bool:
        """Whether a path is inside the content share, judging by its name alone."""
        mount = os.path.abspath(self.settings.content_mount)
        return os.path.commonpath([mount, os.path.abspath(path)]) == mount
