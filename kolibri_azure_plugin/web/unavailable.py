"""The answer of a site that can't serve anybody for a while."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse

RETRY_AFTER_SECONDS = "10"

#: Visitors can't know more, and the administrator's page can't be shown either.
WHOM_TO_TELL = (
    "If that takes longer than half an hour, tell the person who looks after this site.\n"
    "The site's log says what Kolibri is waiting for.\n"
)


def unavailable(reason: str) -> HttpResponse:
    """Status 503, with the reason and whom to tell.

    :param reason: a sentence for visitors.
    """
    return HttpResponse(
        f"{reason}\n{WHOM_TO_TELL}",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )
