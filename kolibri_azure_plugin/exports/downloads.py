"""How a browser is told the name of an export."""

from __future__ import annotations

from typing import Any, Callable

from django.http.response import ResponseHeaders

from kolibri_azure_plugin.exports.names import content_disposition
from kolibri_azure_plugin.wrapping import ORIGINAL

#: What Kolibri puts before a name, without quotes and without an encoding.
PREFIX = "attachment; filename="


class AttachmentHeaders(ResponseHeaders):
    """Headers of an answer, in which the name of an attachment is written as browsers read it.

    Django would encode a name as a header of an e-mail, and refuse one with the end of a line.
    """

    def __setitem__(self, header: str, value: Any) -> None:
        if header.title() == "Content-Disposition" and str(value).startswith(PREFIX):
            value = content_disposition(str(value)[len(PREFIX) :])
        super().__setitem__(header, value)


def name_attachments(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap Django's ``FileResponse`` where Kolibri sends an export."""

    def answer_with_a_name(*arguments: Any, **keywords: Any) -> Any:
        response = answer(*arguments, **keywords)
        response.headers = AttachmentHeaders(dict(response.headers.items()))
        return response

    setattr(answer_with_a_name, ORIGINAL, answer)
    return answer_with_a_name
