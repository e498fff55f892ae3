"""The bodies of a learner's writes, as Kolibri's interface sends them."""

from __future__ import annotations

import json
from typing import Any

from devtools.channel.exercise import MASTERY, Question

#: Kolibri's interface sends this with each request about the session.
CLIENT = {
    "browser": {"name": "Chrome", "major": "130", "minor": "0", "patch": "0"},
    "os": {"name": "Linux", "major": ""},
}

#: Opening an exercise of a lesson.
START = json.dumps(
    {
        "node_id": "$node",
        "content_id": "$content",
        "channel_id": "$channel",
        "kind": "exercise",
        "lesson_id": "$lesson",
        "mastery_model": MASTERY,
    }
)

#: One of the exercise's three questions.
PROGRESS = 0.334


def credentials(password: str = "") -> str:
    """A sign-in."""
    who = {"username": "$username", "password": password, "facility": "$facility"}
    return json.dumps({**who, "active": True, **CLIENT})


def session(*, active: bool) -> str:
    """The browser's question who is signed in.

    :param active: whether the learner has used mouse or keyboard since the last time.
    """
    return json.dumps({"active": active, **CLIENT})


def time_spent() -> str:
    """Some more seconds on the resource."""
    return json.dumps({"time_spent_delta": 5.342})


def answer(question: Question) -> str:
    """The right answer to a question, with the state of its choices as Perseus saves it."""
    interaction = {
        "complete": True,
        "time_spent": 1.863,
        "correct": 1,
        "hinted": False,
        "error": False,
        "item": question.id,
        "answer": {"hints": [], "question": {"radio 1": _radio(question)}},
    }
    return json.dumps(
        {"progress_delta": PROGRESS, "time_spent_delta": 0.659, "interactions": [interaction]}
    )


def _radio(question: Question) -> dict[str, Any]:
    chosen = [index == 0 for index, _ in enumerate(question.choices)]
    return {
        "numCorrect": 1,
        "hasNoneOfTheAbove": False,
        "multipleSelect": False,
        "deselectEnabled": False,
        "choices": [
            {"content": choice, "correct": right, "originalIndex": index}
            for index, (choice, right) in enumerate(zip(question.choices, chosen))
        ],
        "selectedChoices": chosen,
        "choiceStates": [
            {
                "selected": selected,
                "crossedOut": False,
                "highlighted": False,
                "rationaleShown": False,
                "correctnessShown": False,
                "previouslyAnswered": False,
                "readOnly": False,
            }
            for selected in chosen
        ],
    }
