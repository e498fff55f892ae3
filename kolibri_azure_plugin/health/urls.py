"""Readiness with its reasons, for a superuser."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kolibri_azure_plugin.health.probes import READY, answers, describe


@require_safe
@never_cache
def ready_in_detail(request: HttpRequest) -> HttpResponse:
    """Readiness with its reasons, for a superuser; nobody else is told that it exists."""
    if not getattr(request.user, "is_superuser", False):
        raise Http404
    status, body = describe(answers(), detailed=True)
    return JsonResponse(body, status=status)


urlpatterns = [path(READY.lstrip("/"), ready_in_detail, name="azure_health_ready")]
