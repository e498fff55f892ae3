"""What the container's parts have to know of their deployment, found in one place."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from kolibri_azure_plugin import settings as plugin
from kolibri_azure_plugin.preconditions import given_option
from kolibri_azure_plugin.settings_table import read_options_file
from kolibri_container import limits
from kolibri_container import settings as image
from kolibri_container.sizing import Sizes, sizes


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Settings, and the sizes that follow from them and from the container.

    :param settings: of the image.
    :param plugin: the plugin's own.
    :param options: Kolibri's options.ini as it stands in the file.
    :param content: the folder on the content share, as nginx and Kolibri find it.
    """

    settings: image.ImageSettings
    plugin: plugin.Settings
    options: Mapping[str, Mapping[str, object]]
    content: Path
    sizes: Sizes

    @property
    def run(self) -> Path:
        """Where the container writes."""
        return Path(self.settings.run)


def find(environ: Mapping[str, str]) -> Configuration:
    """The configuration that an environment gives.

    :raises SettingsError: when a setting can't be used.
    """
    settings = image.load(environ)
    options = _options(environ)
    of_plugin = plugin.load(environ, options.get(plugin.SECTION, {}))
    return Configuration(
        settings,
        of_plugin,
        options,
        Path(given_option("CONTENT_DIR", "Paths", environ, options) or of_plugin.content_mount),
        sizes(limits.find(), settings, of_plugin.instances),
    )


def environment(configuration: Configuration) -> dict[str, str]:
    """What all parts, and commands that somebody types, find in their environment besides."""
    return {
        "KOLIBRI_CHERRYPY_THREAD_POOL": str(configuration.sizes.all_threads),
        # The doctor compares it with what the server offers.
        "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS": str(configuration.settings.max_connections),
        # Where the parts find the sockets and nginx.conf, also if it is the default.
        "KOLIBRI_CONTAINER_RUN": configuration.settings.run,
    }


def _options(environ: Mapping[str, str]) -> dict[str, dict[str, object]]:
    path = os.path.join(
        environ.get("KOLIBRI_HOME", os.path.expanduser("~/.kolibri")), "options.ini"
    )
    if not os.path.exists(path):
        return {}
    import kolibri  # noqa: F401 (puts configobj, which it brings along, on the path)

    return read_options_file(path)
