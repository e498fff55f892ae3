"""Kolibri's hook for URLs at the root of the site."""

from __future__ import annotations

from kolibri_azure_plugin.web.health.urls import urlpatterns as health
from kolibri_azure_plugin.web.status.urls import urlpatterns as status

urlpatterns = [*health, *status]
