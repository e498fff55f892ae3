"""Keeps how much room the resources of a lesson or quiz need, until content changes.

A coach's class page asks for this of each lesson and quiz. Kolibri adds up the files of one lesson
after the other, each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Callable

from kolibri_azure_plugin.speed.coached_classes import only_class_asked_for
from kolibri_azure_plugin.speed.compiled_queries import CompiledQuery, Row
from kolibri_azure_plugin.speed.known_nodes import KnownNodes
from kolibri_azure_plugin.wrapping import wraps

#: The sizes of sets of resources, by the ids in each.
_known_sizes = KnownNodes()


def keep_lesson_sizes(size: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``LessonViewset.size``."""
    from rest_framework.response import Response

    @wraps(size)
    def lesson_sizes(self: Any, request: Any, **keywords: Any) -> Any:
        classroom = only_class_asked_for(request, "collection")
        if classroom is None:
            return size(self, request, **keywords)
        lessons = _lessons.rows(classroom=classroom)
        return Response(
            [
                {each["id"]: _size(resource["contentnode_id"] for resource in each["resources"])}
                for each in lessons
            ]
        )

    return lesson_sizes


def keep_exam_sizes(size: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``ExamViewset.size``."""
    from rest_framework.response import Response

    @wraps(size)
    def exam_sizes(self: Any, request: Any, **keywords: Any) -> Any:
        classroom = only_class_asked_for(request, "collection")
        if classroom is None:
            return size(self, request, **keywords)
        exams = [*_exams.rows(classroom=classroom), *_drafts.rows(classroom=classroom)]
        return Response(
            [
                {each["id"]: _size(question["exercise_id"] for question in _questions(each))}
                for each in exams
            ]
        )

    return exam_sizes


def _questions(exam: Row) -> list[Row]:
    from kolibri.core.exams.models import AbstractExam

    questions: list[Row] = AbstractExam.get_questions(SimpleNamespace(**exam))
    return questions


def _size(resources: Iterable[str]) -> int:
    """The bytes of all files of these resources."""
    from kolibri.core.content.models import ContentNode
    from kolibri.core.content.utils.annotation import total_file_size

    ids = sorted(set(resources))
    key = ",".join(ids)

    def read(_missing: Any) -> Iterable[Row]:
        nodes = ContentNode.objects.filter(id__in=ids)
        yield {"id": key, "size": total_file_size(nodes)}

    size: int = _known_sizes.get([key], read)[key]["size"]
    return size


def _read_lessons(classroom: str) -> Any:
    from kolibri.core.lessons.viewsets import LessonViewset

    return LessonViewset.queryset.filter(collection=classroom).values("id", "resources")


def _read_exams(classroom: str) -> Any:
    from kolibri.core.exams.models import Exam

    return _with_questions(Exam.objects.filter(collection=classroom))


def _read_drafts(classroom: str) -> Any:
    from kolibri.core.exams.models import DraftExam

    return _with_questions(DraftExam.objects.filter(collection=classroom))


def _with_questions(exams: Any) -> Any:
    return exams.values("id", "question_sources", "data_model_version")


_lessons = CompiledQuery(_read_lessons)
_exams = CompiledQuery(_read_exams)
_drafts = CompiledQuery(_read_drafts)
