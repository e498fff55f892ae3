"""gunicorn's configuration for the app; its names are gunicorn's settings."""

from __future__ import annotations

from kolibri_azure_plugin.container.gunicorn_common import *  # noqa: F403
from kolibri_azure_plugin.container.gunicorn_common import container_config

bind = f"unix:{container_config.run}/app.sock"
workers = container_config.sizes.processes
threads = container_config.sizes.threads
