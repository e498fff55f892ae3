"""Answers what a lesson's page asks about its resources, with few statements.

Kolibri searches all content with a form of filters for it, twice: for the resources and for the
learner's progress. But a lesson names its resources, so here only the lesson is looked up in each
request, which also shows whether it is assigned to the learner.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable
from typing import Any, Callable

from kolibri_azure_plugin.speed.compiled_queries import ID, CompiledQuery
from kolibri_azure_plugin.speed.content_progress import progress_in_nodes
from kolibri_azure_plugin.speed.known_nodes import Node, known_nodes
from kolibri_azure_plugin.wrapping import wraps

#: The default order of Kolibri's lists of content.
in_order = operator.itemgetter("lft", "id")


def list_resources_of_lesson(list_nodes: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``UserContentNodeViewset.list``."""
    from rest_framework.response import Response

    @wraps(list_nodes)
    def list_of_lesson(self: Any, request: Any, *arguments: Any, **keywords: Any) -> Any:
        lesson = _only_lesson(request)
        if lesson is None:
            return list_nodes(self, request, *arguments, **keywords)

        def read(missing: Collection[str]) -> Iterable[Node]:
            nodes: Iterable[Node] = self.serialize(self.get_queryset().filter(pk__in=missing))
            return nodes

        nodes = known_nodes.get(_resources(request.user, lesson), read)
        return Response(sorted(nodes.values(), key=in_order))

    return list_of_lesson


def list_progress_in_lesson(list_progress: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``ContentNodeProgressViewset.list``."""
    from rest_framework.response import Response

    @wraps(list_progress)
    def list_of_lesson(self: Any, request: Any, *arguments: Any, **keywords: Any) -> Any:
        lesson = _only_lesson(request)
        if lesson is None:
            return list_progress(self, request, *arguments, **keywords)
        return Response(progress_in_nodes(request.user, _resources(request.user, lesson)))

    return list_of_lesson


def _only_lesson(request: Any) -> str | None:
    """The id of a lesson, if the request has no other parameter."""
    parameters = request.query_params
    lesson: str = parameters.get("lesson", "")
    return lesson if len(parameters) == 1 and ID.fullmatch(lesson) else None


def _resources(user: Any, lesson: str) -> list[str]:
    """The ids of a lesson's resources; none if the lesson is not assigned to the user."""
    found = _assigned.rows(user=user.id, lesson=lesson) if user.is_authenticated else []
    return [each["contentnode_id"] for row in found[:1] for each in row["resources"]]


def _read_assigned(user: str, lesson: str) -> Any:
    """The lesson, as often as the user belongs to a class or group that it is assigned to."""
    from kolibri.core.lessons.models import Lesson

    assigned = {"lesson_assignments__collection__membership__user": user}
    return Lesson.objects.filter(**assigned, is_active=True, pk=lesson).values("resources")


_assigned = CompiledQuery(_read_assigned)
