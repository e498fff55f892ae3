"""Kolibri imports this to find the plugin."""

from __future__ import annotations

from kolibri.plugins import KolibriPluginBase


class GrowingPlugin(KolibriPluginBase):
    """Has nothing to show."""
