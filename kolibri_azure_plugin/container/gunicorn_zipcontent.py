"""gunicorn's configuration for the origin of HTML5 content; its names are gunicorn's settings."""

from __future__ import annotations

from kolibri_azure_plugin.container.gunicorn_common import *  # noqa: F403
from kolibri_azure_plugin.container.gunicorn_common import container_config

bind = f"unix:{container_config.run}/zipcontent.sock"
workers = container_config.sizes.zipcontent_processes
threads = container_config.sizes.zipcontent_threads
