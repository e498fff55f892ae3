"""The form of the portal, and what it hands to the template for given answers.

Expressions are read with the grammar of the offline checker and computed with its functions: the
portal's language has the same form, and the functions taken from there mean the same in both.
Where the vendor's documentation leaves room, the harsher reading is taken:

- both branches of ``if`` and all arguments of ``coalesce`` are computed, needed or not;
- a member of nothing fails, and so does a text function of nothing;
- a function that is not listed here fails.

An element that is not shown has no value: the documentation of ``coalesce`` says so. It does not
say whether an answer that was given before the element was hidden still counts: both are offered.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping

from devtools.arm.checker import Checker

#: By key of the element, see :attr:`Element.key`. None: nothing was answered.
Answers = Mapping[str, typing.Any]

#: Elements that ask nothing.
TEXTS = ("Microsoft.Common.InfoBox", "Microsoft.Common.TextBlock")

#: Functions that mean the same in the template language, by the portal's names.
SHARED = ("bool", "concat", "contains", "empty", "equals", "int", "replace", "split")

LOCATION = "westeurope"


class FormError(Exception):
    """An expression of the form that the portal might not be able to compute."""


class Element(typing.NamedTuple):
    """Something that the form shows.

    :param page: name of its step; empty on the first page.
    """

    page: str
    body: Mapping[str, typing.Any]

    @property
    def key(self) -> str:
        """``page.name``, or the name alone on the first page."""
        name = self.body["name"]
        return f"{self.page}.{name}" if self.page else str(name)

    @property
    def type(self) -> str:
        return str(self.body["type"])

    @property
    def is_question(self) -> bool:
        return self.type not in TEXTS

    @property
    def constraints(self) -> Mapping[str, typing.Any]:
        return self.body.get("constraints") or {}

    @property
    def choices(self) -> dict[str, typing.Any]:
        """Of a list or group of choices: each label with its value."""
        return {each["label"]: each["value"] for each in self.constraints.get("allowedValues", [])}

    @property
    def default(self) -> typing.Any:
        """The answer that stands there when the form opens."""
        given = self.body.get("defaultValue")
        if self.choices:
            return self.choices[str(given)] if given else next(iter(self.choices.values()))
        if self.type == "Microsoft.Common.TagsByResource":
            return {}
        return False if given is None and self.type == "Microsoft.Common.CheckBox" else given


class Form:
    """A createUiDefinition.

    :param definition: the whole file.
    """

    def __init__(self, definition: Mapping[str, typing.Any], checker: Checker) -> None:
        parameters = definition["parameters"]
        pages = [("", parameters["basics"])]
        pages += [(step["name"], step["elements"]) for step in parameters["steps"]]
        self.elements = {
            element.key: element
            for element in (Element(page, body) for page, bodies in pages for body in bodies)
        }
        self._outputs: Mapping[str, str] = parameters["outputs"]
        self._expressions = _Expressions(checker)

    def questions(self) -> Iterator[Element]:
        return (each for each in self.elements.values() if each.is_question)

    def defaults(self) -> dict[str, typing.Any]:
        """The answers of somebody who has typed nothing."""
        return {each.key: each.default for each in self.questions()}

    def shown(self, answers: Answers) -> list[str]:
        """The keys of all elements that can be seen with these answers.

        :raises FormError: when a condition can't be computed, gives no bool, or depends on an
            element that comes later.
        """
        seen: dict[str, typing.Any] = {}
        shown = []
        for key, element in self.elements.items():
            is_shown = self._condition(element.body.get("visible", True), seen)
            seen[key] = answers.get(key) if is_shown else None
            if is_shown:
                shown.append(key)
        return shown

    def refused(self, answers: Answers) -> list[str]:
        """The keys of all answers with which the portal would not go on."""
        shown = self.shown(answers)
        seen = {key: answers.get(key) if key in shown else None for key in self.elements}
        return [
            each.key
            for each in self.questions()
            if each.key in shown and not self._is_accepted(each, seen)
        ]

    def outputs(self, answers: Answers, *, remembers_hidden: bool = False) -> dict[str, typing.Any]:
        """The parameter values that the template gets.

        :param remembers_hidden: whether an answer counts although its element is hidden now.
        :raises FormError: when one can't be computed.
        """
        shown = self.shown(answers)
        values = {
            key: answers.get(key) if remembers_hidden or key in shown else None
            for key in self.elements
        }
        return {name: self._expressions.value(text, values) for name, text in self._outputs.items()}

    def _is_accepted(self, element: Element, answers: Answers) -> bool:
        answer = answers.get(element.key)
        if answer in (None, ""):
            return not self._condition(element.constraints.get("required", False), answers)
        if element.choices:
            return answer in element.choices.values()
        regex = element.constraints.get("regex")
        # As JavaScript does: found anywhere, so the expression must hold its own ^ and $.
        return regex is None or re.search(regex, answer) is not None

    def _condition(self, condition: typing.Any, answers: Answers) -> bool:
        value = self._expressions.value(condition, answers)
        if not isinstance(value, bool):
            raise FormError(f"{condition} gives {value!r}, no bool")
        return value


class _Expressions:
    """Computes the expressions of a form."""

    def __init__(self, checker: Checker) -> None:
        self._grammar = checker.part("expressions")
        self._shared = checker.part("functions")
        self._errors = (checker.part("values").EvalError, self._grammar.ExpressionError)

    def value(self, text: typing.Any, answers: Answers) -> typing.Any:
        """What an expression gives; anything else is its own value."""
        if not self._grammar.is_expression(text):
            return text
        try:
            return self._of(self._grammar.parse(text), answers)
        except (FormError, *self._errors) as error:
            raise FormError(f"{text}: {error}") from error

    def _of(self, node: typing.Any, answers: Answers) -> typing.Any:
        if isinstance(node, self._grammar.Literal):
            return node.value
        if isinstance(node, self._grammar.Access):
            return _member(self._of(node.target, answers), self._of(node.key, answers))
        arguments = [self._of(each, answers) for each in node.args]
        if node.name in SHARED:
            return self._shared.call(node.name, arguments)
        return _own_function(node.name)(answers, *arguments)


def _own_function(name: str) -> Callable[..., typing.Any]:
    try:
        return _OWN[name]
    except KeyError:
        known = ", ".join(sorted([*_OWN, *SHARED]))
        raise FormError(f"{name}() is not among the functions known here: {known}") from None


class _Page(dict[str, typing.Any]):
    """The answers of a page, by name of the element."""


def _member(target: typing.Any, key: typing.Any) -> typing.Any:
    """A member of an object; None, as JavaScript's undefined, where it has none of that name."""
    if isinstance(target, _Page) and key not in target:
        raise FormError(f"there is no element {key} on that page, or it comes later")
    if not isinstance(target, Mapping):
        raise FormError(f"{target!r} has no member {key!r}")
    return target.get(key)


def _if(_: Answers, test: typing.Any, one: typing.Any, other: typing.Any) -> typing.Any:
    return one if _require_bool(test) else other


def _and(_: Answers, *tests: typing.Any) -> bool:
    values = [_require_bool(each) for each in tests]
    return all(values)


def _coalesce(_: Answers, *values: typing.Any) -> typing.Any:
    return next((each for each in values if each is not None), None)


def _parse(_: Answers, text: typing.Any) -> typing.Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise FormError(f"parse() of {text!r}: {error}") from error


def _basics(answers: Answers, name: str) -> typing.Any:
    if name not in answers:
        raise FormError(f"there is no element {name} on the first page, or it comes later")
    return answers[name]


def _steps(answers: Answers, page: str) -> _Page:
    beginning = f"{page}."
    return _Page(
        {key[len(beginning) :]: answers[key] for key in answers if key.startswith(beginning)}
    )


def _location(_: Answers) -> str:
    return LOCATION


def _require_bool(value: typing.Any) -> bool:
    if not isinstance(value, bool):
        raise FormError(f"{value!r} is no bool")
    return value


_OWN: Mapping[str, Callable[..., typing.Any]] = {
    "and": _and,
    "basics": _basics,
    "coalesce": _coalesce,
    "if": _if,
    "location": _location,
    "parse": _parse,
    "steps": _steps,
}
