"""Kolibri's hook for URLs at the root of the site."""

from __future__ import annotations

from kolibri_azure_plugin.status.urls import urlpatterns as status
from kolibri_azure_plugin.web.health.urls import urlpatterns as health

urlpatterns = [*health, *status]
