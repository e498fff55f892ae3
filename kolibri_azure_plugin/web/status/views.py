"""The administrator's page and its two further addresses."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_POST, require_safe

from kolibri_azure_plugin.web.status import contents, stored
from kolibri_azure_plugin.web.status.access import for_superusers
from kolibri_azure_plugin.web.status.language import wording_of
from kolibri_azure_plugin.web.status.look import look_in

#: The names of the addresses.
PAGE, EXAMINE, REPORT = "azure_status", "azure_status_examine", "azure_status_report"

#: The parameter of the page that says how a request for an examination ended.
ASKED = "asked"

TEMPLATE = "kolibri_azure_plugin/status/page.html"


@require_safe
@for_superusers(PAGE)
def page(request: HttpRequest) -> HttpResponse:
    """The whole page, from what is stored."""
    words = wording_of(request)
    with translation.override(words.language):
        shown = contents.read(words, note=request.GET.get(ASKED, ""))
        known = {"words": words, "look": look_in(words.language), "page": shown}
        return render(request, TEMPLATE, known)


@require_POST
@for_superusers(PAGE)
def examine(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Ask the doctor for new reports, and return to the page."""
    answer = contents.ASKED if stored.ask() else contents.ASKED_BEFORE
    response = HttpResponseRedirect(f"{reverse(PAGE)}?{ASKED}={answer}")
    response.status_code = HTTPStatus.SEE_OTHER
    return response


@require_safe
@for_superusers(PAGE)
def report(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """All stored reports as JSON, for support."""
    return JsonResponse({"reports": stored.redacted_reports()}, json_dumps_params={"indent": 2})
