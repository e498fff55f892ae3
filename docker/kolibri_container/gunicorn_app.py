"""gunicorn's configuration for the app; its names are gunicorn's settings."""

from __future__ import annotations

from kolibri_container.gunicorn_common import *  # noqa: F403
from kolibri_container.gunicorn_common import found

bind = f"unix:{found.run}/app.sock"
workers = found.sizes.processes
threads = found.sizes.threads
