"""Django's debug page, without secrets."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from kolibri_azure_plugin.errors.redaction import MASK, redact


class RedactingReporterFilter(SafeExceptionReporterFilter):
    """Masks secrets by value, too: with DEBUG, Django shows the local variables of every frame."""

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: TracebackType
    ) -> list[tuple[str, Any]]:
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, _masked(value)) for name, value in variables]

    def get_safe_settings(self) -> dict[str, Any]:
        return {name: _masked(value) for name, value in super().get_safe_settings().items()}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        meta = super().get_safe_request_meta(request)
        return {name: _masked(value) for name, value in meta.items()}


def _masked(value: Any) -> Any:
    try:
        texts = (repr(value), value) if isinstance(value, str) else (repr(value),)
    except Exception:  # noqa: BLE001
        # The ``repr`` failed. The page handles such values itself.
        return value
    return MASK if any(redact(text) != text for text in texts) else value
