"""The numbers of learners in the templates, the form and the pages: they follow from the sizing.

Each place also says that the numbers are computed, because no site on Azure has been measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bench.capacity.sizing import SAFETY, SIZES

REPOSITORY = Path(__file__).parents[2]

NUMBER = r"[\d,.]*\d"

COMPUTED = "computed with a safety factor of {factor}, not measured on Azure"

DESCRIPTION = (
    "small is for up to {small} learners at a time, medium for {medium}, large for {large}: "
    f"{COMPUTED}."
)

#: The test template has no number, because neither a measurement nor a computation is for its plan.
OF_THE_TEST = (
    "It is for one or two people who try Kolibri: "
    "how many learners it carries has not been measured."
)

#: The sentences about numbers of learners, by file.
SENTENCES = {
    "arm/createUiDefinition.json": (
        f"The numbers are {COMPUTED}",
        '"Small: {small} learners at a time"',
        '"Medium: {medium} learners at a time"',
        '"Large: {large} learners at a time"',
    ),
    "arm/prod_deployment_template.json": (DESCRIPTION,),
    "arm/test_deployment_template.json": (OF_THE_TEST,),
    "docs/parameters.md": (DESCRIPTION, OF_THE_TEST),
    "docs/deploy.md": (
        COMPUTED,
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
    shown["factor"] = f"{1 / SAFETY:g}"
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
