"""Records that SQLite takes and PostgreSQL does not, and what a sync has made of them."""

from __future__ import annotations

import json

from kolibri.core.auth.models import Classroom, Facility, FacilityUser
from kolibri.core.exams.models import Exam
from kolibri.core.lessons.models import Lesson
from kolibri.core.logger.models import (
    AttemptLog,
    ContentSessionLog,
    ContentSummaryLog,
    MasteryLog,
)
from kolibri.utils.time_utils import local_now
from morango.models import Store

CRITERION = {"type": "m_of_n", "m": 1, "n": 2}


def make_records() -> None:
    """In a school, on SQLite; prints its facility."""
    facility = Facility.get_default_facility()
    admin = FacilityUser.objects.get(username="admin")
    _make_user(facility, "nul", "Daw nul\0")
    learner = _make_user(facility, "long", "Daw long" + "x" * 142)
    classroom = Classroom.objects.create(name="Synced", parent=facility)
    Exam.objects.create(
        title="E\0" + "x" * 300,
        collection=classroom,
        creator=admin,
        question_sources=[],
        question_count=0,
        seed=-3_000_000_000,
    )
    Lesson.objects.create(
        title="L" * 60, description="\0", collection=classroom, created_by=admin, resources=[]
    )
    _answer(learner)
    print("FACILITY", facility.id)  # noqa: T201 - for the test


def _make_user(facility, name, full_name):
    user = FacilityUser(username=name, full_name=full_name, facility=facility)
    user.set_password("secret")
    user.save()
    return user


def _answer(learner):
    now = {"user": learner, "start_timestamp": local_now()}
    visit = {**now, "content_id": "1" * 32, "channel_id": "2" * 32, "kind": "exercise"}
    summary = ContentSummaryLog.objects.create(**visit)
    AttemptLog.objects.create(
        **now,
        end_timestamp=local_now(),
        correct=1,
        item="q" * 300,
        simple_answer="a" * 300,
        answer={"whole": "a" * 300 + "\0"},
        sessionlog=ContentSessionLog.objects.create(**visit),
        masterylog=MasteryLog.objects.create(
            **now, mastery_level=1, mastery_criterion=CRITERION, summarylog=summary
        ),
    )


def print_synced(facility: str) -> None:
    """Where it was synced to: the records of that facility."""
    dataset = Facility.objects.get(id=facility).dataset_id
    store = Store.objects.filter(partition__startswith=dataset)
    errors = store.exclude(deserialization_error=None).exclude(deserialization_error="")
    users = FacilityUser.objects.filter(dataset_id=dataset)
    exams = Exam.objects.filter(dataset_id=dataset)
    lessons = Lesson.objects.filter(dataset_id=dataset)
    answers = AttemptLog.objects.filter(dataset_id=dataset)
    synced = {
        "left out": list(errors.values_list("model_name", "deserialization_error")),
        "names": dict(users.values_list("username", "full_name")),
        "quizzes": list(exams.values_list("title", "seed")),
        "lessons": list(lessons.values_list("title", "description")),
        "answers": list(answers.values_list("item", "simple_answer", "answer")),
        "changes": users.filter(_morango_dirty_bit=True).count(),
        "kept as sent": store.filter(serialized__contains="Daw nul\\u0000").count(),
    }
    print("SYNCED", json.dumps(synced))  # noqa: T201 - for the test
