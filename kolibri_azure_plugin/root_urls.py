"""Kolibri's hook for addresses at the root of the site."""

from __future__ import annotations

from kolibri_azure_plugin.health.urls import urlpatterns

__all__ = ["urlpatterns"]
