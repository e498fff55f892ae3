"""Runs inside any Kolibri, stock ones too: makes what a school syncs, and syncs it.

A hundred thousand records take seconds: they are saved in bulk, with the id, partition and dirty
bit that saving each one would give them, so that a sync treats them no differently.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management import call_command
from django.utils import timezone
from kolibri.core.auth.models import Classroom, Facility, FacilityUser, Membership
from kolibri.core.logger.models import AttemptLog, ContentSessionLog, ContentSummaryLog, MasteryLog
from morango.models import SyncSession

BATCH = 2000
#: A learner's account, membership, visit, summary and mastery.
PER_LEARNER = 5


def found(name: str, username: str, password: str) -> None:
    """Set up a facility, as a school does that has no cloud yet."""
    call_command(
        "provisiondevice",
        facility=name,
        superusername=username,
        superuserpassword=password,
        preset="nonformal",
        language_id="en",
        interactive=False,
    )


def make_records(facility_id: str | None, label: str, records: int, learners: int) -> None:
    """A class of so many learners, who have answered so much that it makes so many records.

    :param facility_id: None: the only one.
    """
    known = {"id": facility_id} if facility_id else {}
    facility = Facility.objects.get(**known)
    classroom = Classroom.objects.create(name=f"Class {label}", parent=facility)
    dataset = {"dataset_id": facility.dataset_id}
    users = _saved(
        FacilityUser(
            username=f"{label}{number}",
            full_name=f"Learner {label} {number}",
            facility=facility,
            password="NOT_SPECIFIED",
            **dataset,
        )
        for number in range(learners)
    )
    _saved(Membership(user=user, collection=classroom, **dataset) for user in users)
    attempts = max(1, records // learners - PER_LEARNER)
    _saved(attempt for user in users for attempt in _work(user, attempts))


def work_on(user_id: str, attempts: int) -> None:
    """What a learner does on another exercise."""
    _saved(_work(FacilityUser.objects.get(id=user_id), attempts))


def rename_learners(facility_id: str) -> None:
    """Change all who learn in a facility, as an administrator might."""
    for learner in FacilityUser.objects.filter(facility_id=facility_id, roles__isnull=True):
        learner.full_name += " the Second"
        learner.save()


def sync(url: str, facility_id: str, **options: Any) -> None:
    """Pull, then push, as ``kolibri manage sync`` does; `options` are those of the command."""
    call_command("sync", baseurl=url, facility=facility_id, noninteractive=True, **options)


def sync_until_done(url: str, facility_id: str, tries: int = 20) -> None:
    """Sync as a school on a bad line does: what broke off is resumed, and then a sync begun anew.

    What is resumed may be old: it does not bring what others have pushed since.
    """
    for attempt in range(1, tries + 1):
        try:
            if attempt % 2 == 0:
                _resume(url)
            sync(url, facility_id)
            return
        except Exception as error:  # noqa: PERF203 - whatever it is, a school tries again
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


def _work(user: Any, attempts: int) -> list[Any]:
    content, now = uuid.uuid4().hex, timezone.now()
    shared = {"user": user, "start_timestamp": now, "dataset_id": user.dataset_id}
    visit = {**shared, "content_id": content, "channel_id": content, "kind": "exercise"}
    [session] = _saved([ContentSessionLog(**visit)])
    [summary] = _saved([ContentSummaryLog(**visit)])
    criterion = {"type": "m_of_n", "m": 5, "n": 5}
    [mastery] = _saved(
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


def _saved(made: Iterable[Any]) -> list[Any]:
    """The objects, each as its own `save` would have left it."""
    objects = list(made)
    for each in objects:
        each.id = each.calculate_uuid()
    if objects:
        type(objects[0]).objects.bulk_create(objects, batch_size=BATCH)
    return objects
