"""Answers of learners that fit: what is too long is cut, for no learner could correct it.

The whole answer stands beside it, in a column without an end.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps

#: The columns of Kolibri's attempt logs (0.19.5, core/logger/models.py).
LONGEST = 200


def fit_answers(validate: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``InteractionSerializer.validate``, through which every answer comes."""

    @wraps(validate)
    def validate_and_fit(self: Any, data: dict[str, Any]) -> Any:
        data["item"] = fitting_item(data["item"])
        if "simple_answer" in data:
            data["simple_answer"] = data["simple_answer"][:LONGEST]
        return validate(self, data)

    return validate_and_fit


def fitting_item(item: str) -> str:
    """The name of a question, the same for each answer to it and for no other question."""
    if len(item) <= LONGEST:
        return item
    digest = hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{item[: LONGEST - 1 - len(digest)]}~{digest}"
