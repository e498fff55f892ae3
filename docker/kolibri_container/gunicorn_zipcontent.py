"""gunicorn's configuration for the origin of HTML5 content; its names are gunicorn's settings."""

from __future__ import annotations

from kolibri_container.gunicorn_common import *  # noqa: F403
from kolibri_container.gunicorn_common import found

bind = f"unix:{found.run}/zipcontent.sock"
workers = found.sizes.zipcontent_processes
threads = found.sizes.zipcontent_threads
