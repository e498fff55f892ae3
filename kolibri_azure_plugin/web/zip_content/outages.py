"""Answers 503 instead of 404 while the share fails.

Kolibri asks whether an archive exists. If the share answers with an error, Python says no, and the
learner is told that the file is not valid.
"""

from __future__ import annotations

import contextlib
import logging
import os
from http import HTTPStatus
from typing import Any, Callable

from kolibri_azure_plugin.web.unavailable import unavailable
from kolibri_azure_plugin.wrapping import wraps

logger = logging.getLogger(__name__)

REASON = "This resource can't be shown at the moment. Please try again in a few seconds."


def answer_unavailable(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Wrap `_zip_content_from_request`, which answers 404 for each file that it can't find."""

    @wraps(answer)
    def answer_or_ask_to_wait(request: Any) -> Any:
        try:
            response = answer(request)
            if response.status_code == HTTPStatus.NOT_FOUND:
                _require_readable_share(request)
        except FileNotFoundError:
            raise
        except OSError as error:
            logger.warning("Can't read the archive of %s: %s.", request.path_info, error)
            return unavailable(REASON)
        return response

    return answer_or_ask_to_wait


def _require_readable_share(request: Any) -> None:
    """Look for the requested archive again.

    :raises OSError: when the share can't tell whether it is there.
    """
    from kolibri.core.content import zip_wsgi

    match = zip_wsgi.path_regex.match(request.path_info)
    if match is None:
        return
    path = zip_wsgi.get_content_storage_file_path(match["zipped_filename"])
    with contextlib.suppress(FileNotFoundError):
        os.stat(path)
