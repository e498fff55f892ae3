"""The numbers of learners in the templates, the form and the pages: they follow from the sizing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.capacity.sizing import SIZES

REPOSITORY = Path(__file__).parents[2]

NUMBER = r"[\d,]+"

DESCRIPTION = (
    "small is for up to {small} learners at a time, medium for {medium}, large for {large}."
)

#: The sentences with numbers, by file.
SENTENCES = {
    "arm/createUiDefinition.json": (
        '"Small: {small} learners at a time"',
        '"Medium: {medium} learners at a time"',
        '"Large: {large} learners at a time"',
    ),
    "arm/prod_deployment_template.json": (DESCRIPTION,),
    "docs/parameters.md": (DESCRIPTION,),
    "docs/deploy.md": (
        "| `small` | {small} |",
        "| `medium` | {medium} |",
        "| `large` | {large} |",
        "*Size*: {small}, {medium} or {large} learners at a time",
    ),
}


def corrected(learners: Mapping[str, int]) -> dict[Path, str]:
    """The files with the right numbers.

    :raises ValueError: if a file lacks one of its sentences.
    """
    shown = {size: f"{learners[size]:,}" for size in SIZES}
    files = {}
    for name, sentences in SENTENCES.items():
        path = REPOSITORY / name
        text = path.read_text(encoding="utf-8")
        for sentence in sentences:
            text, times = _pattern(sentence).subn(sentence.format(**shown), text)
            if not times:
                raise ValueError(f"{name} lacks the sentence {sentence!r}")
        files[path] = text
    return files


def write(learners: Mapping[str, int]) -> None:
    """Correct the numbers in all files."""
    for path, text in corrected(learners).items():
        path.write_text(text, encoding="utf-8")


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"{\w+}", sentence)
    return re.compile(NUMBER.join(map(re.escape, parts)))
