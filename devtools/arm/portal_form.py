"""The portal's form, and the parameters that it passes to the template for given answers.

The offline checker's grammar and functions evaluate the expressions: the portal's language has the
same syntax, and the shared functions mean the same in both. Where Microsoft's documentation is
unclear, this module takes the stricter reading:

- it evaluates both branches of ``if`` and all arguments of ``coalesce``, needed or not;
- a member of null fails, and so does a text function of null;
- a function that is not listed here fails.

A hidden element has no value, according to the documentation of ``coalesce``. It does not say
whether an answer given before the element was hidden still counts, so both are supported.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping

from devtools.arm.checker import Checker

#: Answers by :attr:`Element.key`; None means no answer.
Answers = Mapping[str, typing.Any]

#: Elements without an answer.
TEXTS = ("Microsoft.Common.InfoBox", "Microsoft.Common.TextBlock")

#: The portal's names of functions that mean the same in the template language.
SHARED = ("bool", "concat", "contains", "empty", "equals", "int", "replace", "split")

LOCATION = "westeurope"


class FormError(Exception):
    """An expression of the form that the portal might not be able to compute."""


class Element(typing.NamedTuple):
    """An element of the form.

    :param page: the name of its step; empty on the first page.
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
        """The labels of a list or option group, with their values."""
        return {each["label"]: each["value"] for each in self.constraints.get("allowedValues", [])}

    @property
    def default(self) -> typing.Any:
        """The initial answer."""
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
        """The answers of a user who changes nothing."""
        return {each.key: each.default for each in self.questions()}

    def shown(self, answers: Answers) -> list[str]:
        """The keys of all elements that are visible with these answers.

        :raises FormError: if a condition can't be computed, gives no bool, or depends on a later
            element.
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
        """The keys of all answers that the portal would reject."""
        shown = self.shown(answers)
        seen = {key: answers.get(key) if key in shown else None for key in self.elements}
        return [
            each.key
            for each in self.questions()
            if each.key in shown and not self._is_accepted(each, seen)
        ]

    def outputs(self, answers: Answers, *, remembers_hidden: bool = False) -> dict[str, typing.Any]:
        """The parameter values that the form passes to the template.

        :param remembers_hidden: whether the answer of a hidden element counts.
        :raises FormError: if a value can't be computed.
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
        # As in JavaScript, the regex matches anywhere, unless it has ^ and $.
        return regex is None or re.search(regex, answer) is not None

    def _condition(self, condition: typing.Any, answers: Answers) -> bool:
        value = self._expressions.value(condition, answers)
        if not isinstance(value, bool):
            raise FormError(f"{condition} gives {value!r}; expected a bool")
        return value


class _Expressions:
    """Evaluates the expressions of a form."""

    def __init__(self, checker: Checker) -> None:
        self._grammar = checker.part("expressions")
        self._shared = checker.part("functions")
        self._errors = (checker.part("values").EvalError, self._grammar.ExpressionError)

    def value(self, text: typing.Any, answers: Answers) -> typing.Any:
        """The value of an expression, or the given value if it is not one."""
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
        raise FormError(f"{name}() is not supported here; supported are: {known}") from None


class _Page(dict[str, typing.Any]):
    """The answers of a page, by name of the element."""


def _member(target: typing.Any, key: typing.Any) -> typing.Any:
    """A member of an object; None, like JavaScript's undefined, if it does not exist."""
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
