"""Readiness with its reasons, for a superuser."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from kolibri_azure_plugin.health.middleware import READY, answers, respond


@require_safe
def ready_in_detail(request: HttpRequest) -> HttpResponse:
    """Readiness with its reasons, for a superuser; nobody else is told that it exists."""
    if not getattr(request.user, "is_superuser", False):
        raise Http404
    return respond(answers(), detailed=True)


urlpatterns = [path(READY.lstrip("/"), ready_in_detail, name="azure_health_ready")]
