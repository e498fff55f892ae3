"""Reads a learner's progress in lessons with one short statement.

Kolibri asks the viewset of its API for it, which also counts the answers of each quiz and exercise.
The pages of a class and of a lesson don't show these counts.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable

from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery
from kolibri_azure_plugin.wrapping import wraps


def read_progress_only(consolidate: Callable[..., None]) -> Callable[..., None]:
    """Replace ``_consolidate_lessons_data``, which adds progress and resources to lessons."""

    @wraps(consolidate)
    def consolidate_lessons_data(request: Any, lessons: Any) -> None:
        add_progress(request, lessons)

    return consolidate_lessons_data


def add_progress(request: Any, lessons: Any, quizzes: Collection[str] = ()) -> set[str]:
    """Add progress and resources to lessons, in place; return the quizzes that may be begun."""
    from kolibri.plugins.learn import viewsets
    from le_utils.constants import content_kinds  # type: ignore[import-not-found]

    ids = {each["contentnode_id"] for lesson in lessons for each in lesson["resources"]}
    nodes = viewsets._map_contentnodes(request, ids)  # noqa: SLF001 - may be patched, too
    contents = {
        node["content_id"] for node in nodes.values() if node["kind"] != content_kinds.TOPIC
    }
    progress = _progress(request.user, [*contents, *quizzes])
    begun = {each for each in quizzes if each in progress}
    for lesson in lessons:
        resources = lesson["resources"]
        known = [
            progress[each["content_id"]] for each in resources if each["content_id"] in progress
        ]
        lesson["progress"] = {
            "resource_progress": sum(known),
            "total_resources": len(resources),
        }
        for each in resources:
            each["progress"] = progress.get(each["content_id"], 0)
            each["contentnode"] = nodes.get(each["contentnode_id"])
        lesson["missing_resource"] = not all(each["contentnode"] for each in resources)
        lesson["active"] = lesson.pop("is_active")
    return begun


def _progress(user: Any, contents: list[str]) -> dict[str, float]:
    """The user's progress in those of the contents that the user has begun, by id."""
    rows = _logs.rows(user=user.id, contents=contents) if contents else []
    return {row["content_id"]: row["progress"] for row in rows}


def _read_logs(user: str, contents: list[str]) -> Any:
    from kolibri.core.logger.models import ContentSummaryLog

    logs = ContentSummaryLog.objects.filter(user=user, content_id__in=contents)
    return logs.values("content_id", "progress")


_logs = CompiledQuery(_read_logs)
