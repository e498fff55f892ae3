"""An exercise in Perseus's format: multiple-choice questions with one right answer."""

from __future__ import annotations

import json
from dataclasses import dataclass

from devtools.channel.archive import archive


@dataclass(frozen=True)
class Question:
    """A question; the first of `choices` is right. Learners see them in random order."""

    id: str
    text: str
    choices: tuple[str, ...]
    hint: str


QUESTIONS = (
    Question("c5d6a1f0b7a94f0f9c1e5b0a2d3e4f51", "What is 3 + 4?", ("7", "6", "8"), "Start at 3."),
    Question("c5d6a1f0b7a94f0f9c1e5b0a2d3e4f52", "What is 9 - 5?", ("4", "5", "3"), "Start at 9."),
    Question("c5d6a1f0b7a94f0f9c1e5b0a2d3e4f53", "What is double 4?", ("8", "6", "2"), "4 + 4"),
)

# All questions must be answered correctly.
MASTERY = {"type": "m_of_n", "m": len(QUESTIONS), "n": len(QUESTIONS)}


def exercise_file() -> bytes:
    overview = {
        "mastery_model": MASTERY["type"],
        "randomize": True,
        "m": MASTERY["m"],
        "n": MASTERY["n"],
        "all_assessment_items": [question.id for question in QUESTIONS],
        "assessment_mapping": {question.id: "perseus_question" for question in QUESTIONS},
    }
    items = {f"{question.id}.json": json.dumps(_item(question)) for question in QUESTIONS}
    return archive({"exercise.json": json.dumps(overview), **items})


def _item(question: Question) -> dict[str, object]:
    choices = [
        {"content": choice, "correct": index == 0} for index, choice in enumerate(question.choices)
    ]
    return {
        "question": {
            "content": f"{question.text}\n\n[[☃ radio 1]]",
            "images": {},
            "widgets": {
                "radio 1": {
                    "type": "radio",
                    "graded": True,
                    "static": False,
                    "alignment": "default",
                    "version": {"major": 1, "minor": 0},
                    "options": {
                        "choices": choices,
                        "randomize": True,
                        "multipleSelect": False,
                        "displayCount": None,
                        "hasNoneOfTheAbove": False,
                        "deselectEnabled": False,
                    },
                }
            },
        },
        "answerArea": {"type": "multiple", "options": {"content": "", "images": {}, "widgets": {}}},
        "hints": [{"content": question.hint, "images": {}, "widgets": {}}],
        "itemDataVersion": {"major": 0, "minor": 1},
    }
