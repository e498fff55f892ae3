"""Deployments made only of settings, for code that reads no real environment."""

from __future__ import annotations

from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.configuration.settings import Settings


def deployment(environ=None, options=None, *, home="/kolibri", **settings) -> Deployment:
    """One with these settings, an environment and the sections of an options.ini."""
    return Deployment(Settings(**settings), home, environ or {}, options or {})
