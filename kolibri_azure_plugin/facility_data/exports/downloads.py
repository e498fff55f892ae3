"""Sends the name of an export to the browser."""

from __future__ import annotations

from typing import Any, Callable

from django.http.response import ResponseHeaders

from kolibri_azure_plugin.facility_data.exports.names import content_disposition
from kolibri_azure_plugin.wrapping import ORIGINAL

#: Kolibri's header up to the name, which follows without quotes or encoding.
PREFIX = "attachment; filename="


class AttachmentHeaders(ResponseHeaders):
    """Response headers that encode the name of an attachment for browsers.

    Django encodes it as in an e-mail header, and refuses a name with a line break.
    """

    def __setitem__(self, header: str, value: Any) -> None:
        if header.title() == "Content-Disposition" and str(value).startswith(PREFIX):
            value = content_disposition(str(value)[len(PREFIX) :])
        super().__setitem__(header, value)


def name_attachments(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap Django's ``FileResponse`` where Kolibri sends an export."""

    def response_with_filename(*arguments: Any, **keywords: Any) -> Any:
        response = answer(*arguments, **keywords)
        response.headers = AttachmentHeaders(dict(response.headers.items()))
        return response

    setattr(response_with_filename, ORIGINAL, answer)
    return response_with_filename
