"""Keeps the setup wizard from strangers, whatever brought the web server up."""

from __future__ import annotations

from typing import Callable

from django.db import connections
from django.http import HttpRequest, HttpResponse

from kolibri_azure_plugin.fail_closed import fail_closed
from kolibri_azure_plugin.provisioning import provision

RETRY_AFTER_SECONDS = "10"

#: Says that the process is there, whatever the database does, so nothing is asked for it.
STATUS_PATH = "/status/"


class SetupGuard:
    """Middleware that lets nobody in before the deployment is set up.

    It is made when a web server loads Kolibri, before the first request, in the stock WSGI module
    too, and sets up what nobody has set up yet.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        with fail_closed():
            try:
                provision.provision_when_prepared()
            finally:
                # A web server that loads first and forks then must not share a connection.
                connections.close_all()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from kolibri.core.device.utils import device_provisioned

        if request.path_info.endswith(STATUS_PATH) or device_provisioned():
            return self._get_response(request)
        return HttpResponse(
            "This Kolibri is not ready yet.\n",
            status=503,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": RETRY_AFTER_SECONDS},
        )
