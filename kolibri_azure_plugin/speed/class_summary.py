"""Reads what a coach's pages show of a class with queries that are compiled once.

Kolibri (0.19.5, plugins/coach/class_summary_api.py) asks the viewsets of its API for lessons and
quizzes. They check rights, filters and forms again, and Django then compiles twenty queries. Here
the rights are those of coached_classes.py, and resources come from memory (known_nodes.py). All
that learners and coaches do is read in each request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, Callable

from django.db.models import Exists, OuterRef

from kolibri_azure_plugin.speed import class_work
from kolibri_azure_plugin.speed.coached_classes import COACHED
from kolibri_azure_plugin.speed.compiled_queries import ID, CompiledQuery, Row
from kolibri_azure_plugin.speed.known_nodes import KnownNodes
from kolibri_azure_plugin.wrapping import wraps

_EPOCH = dt.datetime.fromtimestamp(0, dt.timezone.utc)

#: The resources of lessons and quizzes, as pages for coaches describe them.
coachs_nodes = KnownNodes()


def read_class_at_once(retrieve: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``ClassSummaryViewSet.retrieve``."""
    from rest_framework.response import Response

    @wraps(retrieve)
    def retrieve_class(self: Any, request: Any, pk: str) -> Any:
        if getattr(request, COACHED, None) != pk:
            return retrieve(self, request, pk)
        found = _classroom.rows(classroom=pk)  # none if it was deleted since the check of rights
        summary = _summary(pk, found[0]) if found and found[0]["parent_id"] else None
        return Response(summary) if summary else retrieve(self, request, pk)

    return retrieve_class


def _summary(pk: str, classroom: Row) -> Row | None:
    """The answer. JSON keeps the order of its keys, so it is Kolibri's.

    :return: None if lessons or quizzes name resources in a way that Kolibri does not use.
    """
    groups = _groups.rows(classroom=pk)
    adhoc = _adhoc_groups.rows(classroom=pk)
    lessons, exams = _lessons(pk, groups, adhoc), _exams(pk, groups, adhoc, classroom)
    ids = {each for item in (*lessons, *exams) for each in item["node_ids"]}
    if not all(isinstance(each, str) and ID.fullmatch(each) for each in ids):
        return None
    nodes = _known_contents(ids)
    available = {key for key, node in nodes.items() if node["available"]}
    for item in (*exams, *lessons):
        item["groups"] = [each for each in item["assignments"] if each != pk]
        item["missing_resource"] = not available.issuperset(item["node_ids"])
    learners = _learners.rows(classroom=pk)
    return {
        "id": pk,
        "facility_id": classroom["parent_id"],
        "picture_password_settings": classroom["parent__dataset__picture_password_settings"],
        "name": classroom["name"],
        "coaches": _coaches.rows(classroom=pk),
        "learners": learners,
        "groups": groups,
        "adhoclearners": adhoc,
        "exams": exams,
        "exam_learner_status": class_work.exam_statuses(exams),
        "content": list(nodes.values()),
        "content_learner_status": class_work.content_statuses(pk, lessons, nodes, learners),
        "lessons": lessons,
    }


def _known_contents(ids: Collection[str]) -> dict[str, Row]:
    """Resources by id, in Kolibri's order."""
    from kolibri.core.content.models import ContentNode

    def read(some: Collection[str]) -> Iterable[Row]:
        fields = ("available", "content_id", "title", "kind", "channel_id", "options", "id", "lft")
        for node in ContentNode.objects.filter_by_uuids(some).values(*fields):
            key, position = node.pop("id"), node.pop("lft")
            yield {"id": key, "lft": position, "node": {**node, "node_id": key}}

    found = coachs_nodes.get(ids, read).values()
    in_order = sorted(found, key=lambda each: (each["lft"], each["id"]))
    return {each["id"]: each["node"] for each in in_order}


def _lessons(pk: str, groups: list[Row], adhoc: list[Row]) -> list[Row]:
    from kolibri.plugins.coach import class_summary_api as stock

    viewset = stock.lesson_viewset
    lessons = [viewset._map_fields(each) for each in _lesson_rows.rows(classroom=pk)]  # noqa: SLF001
    if not _add_learners(lessons, pk, groups, adhoc):
        lessons = viewset.consolidate(lessons, None)
    for lesson in lessons:
        lesson["resources"] = lesson["resources"] or []
    return [stock._map_lesson(each) for each in lessons]  # noqa: SLF001


def _exams(pk: str, groups: list[Row], adhoc: list[Row], classroom: Row) -> list[Row]:
    from kolibri.core.exams.models import DraftExam
    from kolibri.plugins.coach import class_summary_api as stock

    viewset = stock.exam_viewset
    exams = [viewset._map_fields(each) for each in _exam_rows.rows(classroom=pk)]  # noqa: SLF001
    if not _add_learners(exams, pk, groups, adhoc):
        exams = viewset.consolidate(exams, None)
    for exam in exams:
        exam["draft"] = False
    if classroom["has_drafts"]:
        exams += viewset.serialize_draft(DraftExam.objects.filter(collection=pk))
    exams.sort(key=lambda each: each["date_created"] or _EPOCH, reverse=True)
    return [stock._map_exam(each) for each in exams]  # noqa: SLF001


def _add_learners(items: list[Row], pk: str, groups: list[Row], adhoc: list[Row]) -> bool:
    """Add the learners to whom lessons or quizzes are assigned one by one: an ad hoc group.

    :return: False, with nothing done, if the groups of the class don't explain the assignments.
    """
    members = {each["id"]: each["member_ids"] for each in adhoc}
    known = {pk, *members, *(each["id"] for each in groups)}
    of_each = [[each for each in item["assignments"] if each in members] for item in items]
    if any(len(each) > 1 for each in of_each):
        return False
    if not all(known.issuperset(item["assignments"]) for item in items):
        return False
    for item, assigned in zip(items, of_each):
        item["learner_ids"] = [*members[assigned[0]]] if assigned else []
        item["assignments"] = [each for each in item["assignments"] if each not in members]
    return True


def _read_classroom(classroom: str) -> Any:
    from kolibri.core.auth.models import Classroom
    from kolibri.core.exams.models import DraftExam

    drafts = DraftExam.objects.filter(collection_id=OuterRef("pk"))
    return (
        Classroom.objects.filter(id=classroom)
        .annotate(has_drafts=Exists(drafts))
        .values("name", "parent_id", "parent__dataset__picture_password_settings", "has_drafts")
    )


def _read_lessons(classroom: str) -> Any:
    from kolibri.plugins.coach.class_summary_api import lesson_viewset as viewset

    lessons = viewset.queryset.filter(collection=classroom)
    return viewset.annotate_queryset(lessons).values(*viewset.values)


def _read_exams(classroom: str) -> Any:
    from kolibri.plugins.coach.class_summary_api import exam_viewset as viewset

    exams = viewset.get_queryset().filter(collection=classroom)
    return viewset.annotate_queryset(exams).values(*viewset.values)


def _read_groups(classroom: str) -> Any:
    from kolibri.core.auth.models import LearnerGroup

    return _with_members(LearnerGroup.objects.filter(parent=classroom))


def _read_adhoc_groups(classroom: str) -> Any:
    from kolibri.core.auth.models import AdHocGroup

    return _with_members(AdHocGroup.objects.filter(parent=classroom))


def _with_members(groups: Any) -> Any:
    from kolibri.core.auth.models import FacilityUser
    from kolibri.core.query import annotate_array_aggregate

    active = FacilityUser.get_is_active_q("membership")
    return annotate_array_aggregate(
        groups, filter=active, member_ids="membership__user__id"
    ).values("id", "name", "member_ids")


def _read_learners(classroom: str) -> Any:
    from kolibri.core.auth.models import FacilityUser

    return _users(FacilityUser.objects.filter(memberships__collection=classroom))


def _read_coaches(classroom: str) -> Any:
    from kolibri.core.auth.constants.role_kinds import COACH
    from kolibri.core.auth.models import FacilityUser

    return _users(FacilityUser.objects.filter(roles__collection=classroom, roles__kind=COACH))


def _users(users: Any) -> Any:
    from django.db.models import F

    return users.values("id", "username", "picture_password", name=F("full_name"))


_classroom = CompiledQuery(_read_classroom)
_lesson_rows = CompiledQuery(_read_lessons)
_exam_rows = CompiledQuery(_read_exams)
_groups = CompiledQuery(_read_groups)
_adhoc_groups = CompiledQuery(_read_adhoc_groups)
_learners = CompiledQuery(_read_learners)
_coaches = CompiledQuery(_read_coaches)
