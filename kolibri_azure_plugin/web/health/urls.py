"""The readiness view for superusers, with the reasons of each failure."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kolibri_azure_plugin.web.health import READY
from kolibri_azure_plugin.web.health.probes import describe, probe_results


@require_safe
@never_cache
def ready_in_detail(request: HttpRequest) -> HttpResponse:
    """Readiness with reasons, for superusers; 404 for all others."""
    if not getattr(request.user, "is_superuser", False):
        raise Http404
    status, body = describe(probe_results(), detailed=True)
    return JsonResponse(body, status=status)


urlpatterns = [path(READY.lstrip("/"), ready_in_detail, name="azure_health_ready")]
