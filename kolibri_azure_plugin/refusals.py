"""Answers of Kolibri's API to what can't be saved: 400 and the field, in Kolibri's own form.

Kolibri lets PostgreSQL's refusals through as 500.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ValidationError
from django.db.utils import DataError
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from kolibri_azure_plugin.accounts.names import NameIsTakenError
from kolibri_azure_plugin.database.postgresql.storable import DoesNotFitError

logger = logging.getLogger(__name__)


def answer(error: Exception, context: dict[str, Any]) -> Any:
    """Django REST framework's EXCEPTION_HANDLER."""
    from kolibri.core.utils.exception_handler import custom_exception_handler

    return custom_exception_handler(refusal_of(error), context)


def refusal_of(error: Exception) -> Exception:
    """What an error means for whoever made the request."""
    if isinstance(error, DoesNotFitError):
        return _refusal(error.field, error.reason, error.reason.code)
    if isinstance(error, NameIsTakenError):
        return _refusal(api_settings.NON_FIELD_ERRORS_KEY, error, error.code)
    if isinstance(error, DataError):
        # A number in an address, mostly: the text is PostgreSQL's, and says which.
        logger.warning("PostgreSQL refused a value in a request: %s", str(error).strip())
        reason = ValidationError("A value in the request is not valid, or too large.")
        return _refusal(api_settings.NON_FIELD_ERRORS_KEY, reason, "invalid")
    return error


def _refusal(field: str, reason: ValidationError, code: str) -> serializers.ValidationError:
    details = [ErrorDetail(message, code) for message in reason.messages]
    return serializers.ValidationError({field: details})
