"""Makes Kolibri's API answer 400 and name the field when PostgreSQL can't save a value.

Kolibri itself answers 500 to PostgreSQL's errors.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ValidationError
from django.db.utils import DataError
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from kolibri_azure_plugin.database.postgresql.storable import DoesNotFitError
from kolibri_azure_plugin.facility_data.accounts.usernames import UsernameTakenError

logger = logging.getLogger(__name__)


def handle_exception(error: Exception, context: dict[str, Any]) -> Any:
    """Django REST framework's EXCEPTION_HANDLER."""
    from kolibri.core.utils.exception_handler import custom_exception_handler

    return custom_exception_handler(to_api_error(error), context)


def to_api_error(error: Exception) -> Exception:
    """The validation error for the client; the error itself if it is of another kind."""
    if isinstance(error, DoesNotFitError):
        return _api_error(error.field, error.reason, error.reason.code)
    if isinstance(error, UsernameTakenError):
        return _api_error(api_settings.NON_FIELD_ERRORS_KEY, error, error.code)
    if isinstance(error, DataError):
        # Mostly a number in the URL. PostgreSQL's message names the value.
        logger.warning("PostgreSQL refused a value in a request: %s", str(error).strip())
        reason = ValidationError("A value in the request is not valid, or too large.")
        return _api_error(api_settings.NON_FIELD_ERRORS_KEY, reason, "invalid")
    return error


def _api_error(field: str, reason: ValidationError, code: str) -> serializers.ValidationError:
    details = [ErrorDetail(message, code) for message in reason.messages]
    return serializers.ValidationError({field: details})
