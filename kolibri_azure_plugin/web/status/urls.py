"""The addresses of the administrator's page."""

from __future__ import annotations

from django.urls import path

from kolibri_azure_plugin.web.status import views

urlpatterns = [
    path("azure/status/", views.page, name=views.PAGE),
    path("azure/status/examine/", views.examine, name=views.EXAMINE),
    path("azure/status/report.json", views.report, name=views.REPORT),
]
