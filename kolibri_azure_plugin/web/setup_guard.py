"""Keeps the setup wizard closed to visitors, no matter how the web server was started."""

from __future__ import annotations

from typing import Callable

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from kolibri_azure_plugin.errors.fail_closed import fail_closed
from kolibri_azure_plugin.provisioning import provision
from kolibri_azure_plugin.web.unavailable import unavailable

NOT_READY = "This Kolibri is not ready yet. Please try again in a few minutes."

#: Answers that the process is running, even when the database is down, so it skips the check.
STATUS = "kolibri:core:status_check"


class SetupGuard:
    """Middleware that answers 503 until the deployment is set up.

    Any web server that loads Kolibri, even through the stock WSGI module, creates it before the
    first request. It then sets up a fresh deployment.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        with fail_closed():
            try:
                provision.provision_when_prepared()
            finally:
                # The web server may fork next, and the processes must not share a connection.
                connections.close_all()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from kolibri.core.device.utils import device_provisioned

        if request.path == reverse(STATUS) or device_provisioned():
            return self._get_response(request)
        return unavailable(NOT_READY)
