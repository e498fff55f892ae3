"""Kolibri as a WSGI application that first prepares its database, as ``kolibri start`` does.

Kolibri's own WSGI module only serves. This one first migrates, upgrades, and sets up a fresh
deployment, under the same locks as any other start. Load it once, before the server forks
(``gunicorn --preload``): the processes then share its memory, and each opens its own connections.
"""

from __future__ import annotations

from typing import Any

from kolibri.utils.main import initialize

from kolibri_azure_plugin.errors.debugging import debug_is_on


def load() -> Any:
    """The application, ready for requests and for forks."""
    initialize(debug=debug_is_on())
    # Not earlier: importing the module sets up Django.
    from django.urls import get_resolver
    from kolibri.deployment.default.wsgi import application as stock_application

    # Import the views now, not in the first request of each process.
    _ = get_resolver().url_patterns
    _disconnect()
    return stock_application


def _disconnect() -> None:
    """Close the connections that the start has opened: forked processes can't share them."""
    from django.db import connections

    from kolibri_azure_plugin.configuration import context

    connections.close_all()
    context.current().disconnect()


application = load()
