"""The configuration of the container's parts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from kolibri_azure_plugin.configuration import limits
from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.container import settings as image
from kolibri_azure_plugin.container.sizing import Sizes, sizes


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Settings, and the sizes derived from them and from the container's limits.

    :param settings: the image's settings.
    :param deployment: the plugin's settings, and Kolibri's options.
    """

    settings: image.ImageSettings
    deployment: Deployment
    sizes: Sizes

    @property
    def run(self) -> Path:
        """The folder in which the container writes."""
        return Path(self.settings.run)

    @property
    def content(self) -> Path:
        """The content folder, the same for nginx and Kolibri."""
        return Path(self.deployment.content_folder)


def find(environ: Mapping[str, str]) -> Configuration:
    """The configuration in an environment.

    :raises SettingsError: when a setting can't be used.
    """
    settings = image.load(environ)
    home = os.path.expanduser(environ.get("KOLIBRI_HOME") or "~/.kolibri")
    deployment = Deployment.read(environ, os.path.abspath(home))
    return Configuration(
        settings, deployment, sizes(limits.find(), settings, deployment.settings.instances)
    )


def environment(configuration: Configuration) -> dict[str, str]:
    """Additional environment variables for all parts, and for commands in a shell."""
    return {
        "KOLIBRI_CHERRYPY_THREAD_POOL": str(configuration.sizes.all_threads),
        # The doctor compares it with the server's limit.
        "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS": str(configuration.settings.max_connections),
        # The folder of the sockets and nginx.conf. The scripts need it even if it is the default.
        "KOLIBRI_CONTAINER_RUN": configuration.settings.run,
    }
