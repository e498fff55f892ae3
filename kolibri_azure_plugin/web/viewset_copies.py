"""Keeps the answer for one user free of the data of another who asks at the same moment.

Kolibri's pages for learners and coaches combine the answers of several viewsets. Each of these
exists once per process (0.19.5, plugins/learn/viewsets.py, plugins/coach/class_summary_api.py), and
keeps the current request as an attribute. If another thread serves another user meanwhile, the rest
of the answer is made for that user: a learner sees the classes and progress of another one.
"""

from __future__ import annotations

import copy
from typing import Any, Callable

from kolibri_azure_plugin.wrapping import wraps


def serialize_on_a_copy(serialize_list: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``ListModelMixin.serialize_list`` to keep the request on a copy of the viewset."""

    @wraps(serialize_list)
    def serialize(self: Any, *arguments: Any, **keywords: Any) -> Any:
        return serialize_list(copy.copy(self), *arguments, **keywords)

    return serialize
