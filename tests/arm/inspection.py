"""All checks of the production template in one call."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence

from devtools.arm import Checker
from tests.arm import (
    image_rules,
    operation_rules,
    order_rules,
    security_rules,
    settings_rules,
    size_rules,
    template_rules,
)

TEXT_RULES = (
    *template_rules.RULES,
    *image_rules.TEXT_RULES,
)

RESULT_RULES = (
    *security_rules.RULES,
    *settings_rules.RULES,
    *operation_rules.RULES,
    *size_rules.RULES,
    *order_rules.RULES,
    *image_rules.RULES,
)


def findings(
    checker: Checker,
    template: Mapping[str, typing.Any],
    sets: Sequence[Mapping[str, typing.Any]],
) -> list[str]:
    """The offline checker's errors and warnings with ``--strict --deployed``."""
    return [f"{each.place}: {each.message}" for each in checker.check(template, sets)]


def problems(
    checker: Checker,
    template: Mapping[str, typing.Any],
    sets: Sequence[Mapping[str, typing.Any]],
) -> list[str]:
    """The messages of the checker and of the project's own rules, each once."""
    said = findings(checker, template, sets)
    for text_rule in TEXT_RULES:
        said.extend(text_rule(template))
    for values in sets:
        result = checker.evaluate(template, values)
        for rule in RESULT_RULES:
            said.extend(rule(result))
    return list(dict.fromkeys(said))
