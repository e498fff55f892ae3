"""A page that always fails, in a function whose local variables hold secrets."""

from __future__ import annotations

from kolibri.plugins import KolibriPluginBase


class FailingPage(KolibriPluginBase):
    root_view_urls = "urls"
