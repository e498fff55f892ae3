"""Kolibri as a WSGI application that also prepares its database, as ``kolibri start`` does.

Kolibri's own module only serves: it neither migrates, nor upgrades, nor sets a fresh deployment up.
This one does all that first, under the same locks as every other way to start. Load it once, before
the server forks (``gunicorn --preload``): the processes then share its memory, and each opens its
own connections.
"""

from __future__ import annotations

import os
from typing import Any

from kolibri.utils.main import initialize

from kolibri_azure_plugin.settings_table import is_true


def load() -> Any:
    """The application, ready for requests and for forks."""
    initialize(debug=is_true(os.environ.get("KOLIBRI_DEBUG", "")))
    # Only now: the module sets Django up when it is imported.
    from django.urls import get_resolver
    from kolibri.deployment.default.wsgi import application as stock_application

    # The views are imported now rather than by each process, in its first request.
    _ = get_resolver().url_patterns
    _disconnect()
    return stock_application


def _disconnect() -> None:
    """Close every connection of the start: two processes can't share one."""
    from django.db import connections

    from kolibri_azure_plugin import context
    from kolibri_azure_plugin.caching import redis_server

    connections.close_all()
    redis_server.disconnect()
    context.current().disconnect()


application = load()
