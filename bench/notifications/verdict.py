"""Compares the coaches' notifications of a lesson with the learners' work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.notifications.pupils import Done
from bench.notifications.school import Lesson

Execute = Callable[[str, Sequence[object]], list[Any]]

#: The number of notifications for each answer of a learner. Both have the same time.
TOLD = """
    SELECT replace(attempt.id::text, '-', ''), count(told.id) FROM logger_attemptlog attempt
    LEFT JOIN notifications_learnerprogressnotification told
        ON told.user_id = attempt.user_id AND told.timestamp = attempt.end_timestamp
        AND told.notification_event = 'Answered' AND told.lesson_id = %s::uuid
    WHERE attempt.id = ANY(%s::uuid[]) GROUP BY attempt.id
"""
EVENTS = """
    SELECT replace(user_id::text, '-', ''), notification_object, notification_event,
        coalesce(replace(contentnode_id::text, '-', ''), ''), count(*)
    FROM notifications_learnerprogressnotification
    WHERE lesson_id = %s::uuid AND notification_event <> 'Answered'
    GROUP BY 1, 2, 3, 4
"""
TWICE = """
    SELECT count(*) FROM (
        SELECT 1 FROM notifications_learnerprogressnotification
        GROUP BY user_id, classroom_id, lesson_id, contentnode_id, quiz_id, course_session_id,
            notification_object, notification_event,
            CASE WHEN notification_event = 'Answered' THEN timestamp END
        HAVING count(*) > 1
    ) twice
"""


@dataclass
class Verdict:
    """The faults of a round, if any."""

    answered: int = 0
    unanswered: int = 0
    missing: list[str] = field(default_factory=list)
    twice: int = 0

    @property
    def is_right(self) -> bool:
        return not self.missing and not self.twice


def judge(execute: Execute, lesson: Lesson, work: Sequence[Done]) -> Verdict:
    """Compare notifications with work. Call it only once the queue is empty."""
    verdict = Verdict(unanswered=sum(done.unanswered for done in work))
    answers = [answer for done in work for answer in done.answers]
    verdict.answered = len(answers)
    told = dict(execute(TOLD, (lesson.id, answers)))
    verdict.missing += [f"the answer {each}" for each in answers if told.get(each, 0) == 0]
    events = {tuple(row[:4]): row[4] for row in execute(EVENTS, (lesson.id,))}
    for done in work:
        verdict.missing += [str(each) for each in _due(done.learner, lesson) if each not in events]
    verdict.twice = execute(TWICE, ())[0][0] + sum(count > 1 for count in told.values())
    return verdict


def _due(learner: str, lesson: Lesson) -> list[tuple[str, ...]]:
    """The notifications that a coach must have of a learner who has finished a lesson."""
    resources = (lesson.exercise["contentnode_id"], lesson.video["contentnode_id"])
    return [
        *((learner, "Lesson", event, "") for event in ("Started", "Completed")),
        *(
            (learner, "Resource", event, resource)
            for event in ("Started", "Completed")
            for resource in resources
        ),
    ]
