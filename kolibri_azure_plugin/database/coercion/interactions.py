"""Truncates learners' answers that are too long, which no learner could correct.

The whole answer is also in another column, which has no limit.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: The length of columns of Kolibri's attempt logs (0.19.5, core/logger/models.py).
MAX_LENGTH = 200


def truncate_answers(validate: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``InteractionSerializer.validate``, which processes every answer."""

    @wraps(validate)
    def validate_and_truncate(self: Any, data: dict[str, Any]) -> Any:
        data["item"] = truncated_item(data["item"])
        if "simple_answer" in data:
            data["simple_answer"] = data["simple_answer"][:MAX_LENGTH]
        return validate(self, data)

    return validate_and_truncate


def truncated_item(item: str) -> str:
    """A shortened name of a question, unique to that question and the same for each answer."""
    if len(item) <= MAX_LENGTH:
        return item
    digest = hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{item[: MAX_LENGTH - 1 - len(digest)]}~{digest}"
