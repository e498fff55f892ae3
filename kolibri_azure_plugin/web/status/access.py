"""Who may see the page, and what all others get."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from kolibri_azure_plugin.web.status.language import wording_of
from kolibri_azure_plugin.web.status.look import look_in

View = Callable[[HttpRequest], HttpResponse]

#: Only this site's own style sheets, scripts and pictures, and nothing inside the page itself.
POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

NOT_YOURS = "kolibri_azure_plugin/status/not_yours.html"


def for_superusers(address: str) -> Callable[[View], View]:
    """Make a view answer superusers only, never from a cache, and under the strict policy.

    :param address: the name of the page to which a visitor returns after signing in.
    """

    def guard(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            user: Any = request.user
            if user.is_anonymous:
                response = _to_sign_in(address)
            elif user.is_superuser:
                response = view(request)
            else:
                response = _refuse(request)
            # Kolibri's middleware keeps a policy that a view has set.
            response["Content-Security-Policy"] = "; ".join(map(" ".join, POLICY.items()))
            return response

        # The mark by which Kolibri's middleware chooses a language (0.19.5,
        # core/device/translation.py), and sends visitors of a fresh deployment to its setup.
        guarded.translated = True  # type: ignore[attr-defined]
        never_cached: View = never_cache(guarded)
        return never_cached

    return guard


def _to_sign_in(address: str) -> HttpResponse:
    """Kolibri's own address for visitors, which sends them to the sign-in and later back."""
    sign_in = reverse("kolibri:core:redirect_user")
    return redirect(f"{sign_in}?{urlencode({'next': reverse(address)})}")


def _refuse(request: HttpRequest) -> HttpResponse:
    words = wording_of(request)
    known = {"words": words, "look": look_in(words.language)}
    return render(request, NOT_YOURS, known, status=HTTPStatus.FORBIDDEN)
