"""Runs inside any Kolibri, including stock: creates a school's records, and syncs them.

Creating 100,000 records takes only seconds: they are saved in bulk, with the same id, partition and
dirty bit as if each was saved separately, so that a sync treats them alike.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management import call_command
from django.utils import timezone
from kolibri.core.auth.models import Classroom, Facility, FacilityUser, Membership
from kolibri.core.exams.models import Exam
from kolibri.core.lessons.models import Lesson
from kolibri.core.logger.models import AttemptLog, ContentSessionLog, ContentSummaryLog, MasteryLog
from morango.models import SyncSession

BATCH = 2000
#: A learner's account, membership, visit, summary and mastery.
PER_LEARNER = 5


def found(name: str, username: str, password: str) -> None:
    """Set up a facility, as in a school without a cloud."""
    call_command(
        "provisiondevice",
        facility=name,
        superusername=username,
        superuserpassword=password,
        preset="nonformal",
        language_id="en",
        interactive=False,
    )


def found_another(name: str) -> None:
    """Create another facility on the same device."""
    Facility.objects.create(name=name)


def plan(facility_name: str, title: str) -> None:
    """Create a class with a lesson, a quiz and a learner with a password."""
    facility = Facility.objects.get(name=facility_name)
    classroom = Classroom.objects.create(name=f"Class {title}", parent=facility)
    coach = FacilityUser.objects.create(username=f"coach_{title}", facility=facility)
    coach.set_password(f"password of {title}")
    coach.save()
    classroom.add_coach(coach)
    Lesson.objects.create(title=f"Lesson {title}", collection=classroom, created_by=coach)
    question = {"exercise_id": uuid.uuid4().hex, "question_id": "1", "title": "Sums"}
    Exam.objects.create(
        title=f"Quiz {title}",
        collection=classroom,
        creator=coach,
        question_count=1,
        question_sources=[question],
    )


def make_records(facility_id: str | None, label: str, records: int, learners: int) -> None:
    """Create a class with `learners` learners, whose answers make up `records` records.

    :param facility_id: None for the only facility.
    """
    known = {"id": facility_id} if facility_id else {}
    facility = Facility.objects.get(**known)
    classroom = Classroom.objects.create(name=f"Class {label}", parent=facility)
    dataset = {"dataset_id": facility.dataset_id}
    users = saved(
        FacilityUser(
            username=f"{label}{number}",
            full_name=f"Learner {label} {number}",
            facility=facility,
            password="NOT_SPECIFIED",
            **dataset,
        )
        for number in range(learners)
    )
    saved(Membership(user=user, collection=classroom, **dataset) for user in users)
    attempts = max(1, records // learners - PER_LEARNER)
    saved(attempt for user in users for attempt in attempts_of(user, attempts))


def work_on(user_id: str, attempts: int) -> None:
    """Record a learner's work on another exercise."""
    saved(attempts_of(FacilityUser.objects.get(id=user_id), attempts))


def rename_learners(facility_id: str) -> None:
    """Change all learners of a facility, as an administrator might."""
    for learner in FacilityUser.objects.filter(facility_id=facility_id, roles__isnull=True):
        learner.full_name += " the Second"
        learner.save()


def sync(url: str, facility_id: str, **options: Any) -> None:
    """Pull, then push, like ``kolibri manage sync``; `options` are those of the command."""
    call_command("sync", baseurl=url, facility=facility_id, noninteractive=True, **options)


def sync_until_done(url: str, facility_id: str, tries: int = 20) -> None:
    """Sync as a school on a bad connection does: resume broken syncs, then start a new one.

    A resumed sync may be old, without records that others have pushed since.
    """
    for attempt in range(1, tries + 1):
        try:
            if attempt % 2 == 0:
                _resume(url)
            sync(url, facility_id)
            return
        except Exception as error:  # noqa: PERF203 - a school tries again after any error
            print(f"SYNC {attempt} BROKE OFF: {error!r}"[:200])
            if attempt == tries:
                raise


def _resume(url: str) -> None:
    broken_off = SyncSession.objects.filter(active=True, is_server=False)
    newest = broken_off.order_by("start_timestamp").last()
    if newest is not None:
        call_command(
            "resumesync", baseurl=url, id=newest.id, noninteractive=True, no_provision=True
        )


def attempts_of(user: Any, attempts: int) -> list[Any]:
    content, now = uuid.uuid4().hex, timezone.now()
    shared = {"user": user, "start_timestamp": now, "dataset_id": user.dataset_id}
    visit = {**shared, "content_id": content, "channel_id": content, "kind": "exercise"}
    [session] = saved([ContentSessionLog(**visit)])
    [summary] = saved([ContentSummaryLog(**visit)])
    criterion = {"type": "m_of_n", "m": 5, "n": 5}
    [mastery] = saved(
        [MasteryLog(**shared, summarylog=summary, mastery_level=1, mastery_criterion=criterion)]
    )
    return [
        AttemptLog(
            **shared,
            masterylog=mastery,
            sessionlog=session,
            item=f"question-{number}",
            end_timestamp=now + dt.timedelta(seconds=number),
            completion_timestamp=now + dt.timedelta(seconds=number),
            time_spent=7.5,
            complete=True,
            correct=number % 2,
            answer={"question": {"radio 1": {"choicesSelected": [False, True, False, False]}}},
            interaction_history=[{"type": "answer", "correct": number % 2}],
        )
        for number in range(attempts)
    ]


def saved(made: Iterable[Any]) -> list[Any]:
    """Save the objects in bulk, as if each was saved separately."""
    objects = list(made)
    for each in objects:
        each.id = each.calculate_uuid()
    if objects:
        type(objects[0]).objects.bulk_create(objects, batch_size=BATCH)
    return objects
