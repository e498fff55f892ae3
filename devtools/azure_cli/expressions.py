"""Evaluates Python expressions to text without running them.

:data:`UNKNOWN` replaces values that are known only at run time.
"""

from __future__ import annotations

import ast
import dataclasses
import typing
from collections.abc import Mapping
from datetime import datetime, timezone

#: Replaces a value that is known only at run time.
UNKNOWN = "VALUE"
SAMPLE_DATE = datetime(2026, 9, 1, tzinfo=timezone.utc)


@dataclasses.dataclass(frozen=True)
class TextFunction:
    """A function that only returns an expression, such as a command with placeholders.

    :param rest: the name of the ``*args`` parameter; empty if there is none.
    :param names: the names in its module.
    """

    parameters: tuple[str, ...]
    rest: str
    defaults: Mapping[str, str]
    expression: ast.expr
    names: Mapping[str, Named]

    def text(self, call: ast.Call, names: Mapping[str, Named]) -> str | None:
        """The result of a call; None if it may not be text.

        :param names: the names where it is called.
        """
        given = [text_or_unknown(argument, names) for argument in call.args]
        by_name = {
            keyword.arg: text_or_unknown(keyword.value, names)
            for keyword in call.keywords
            if keyword.arg
        }
        arguments: dict[str, Named] = {
            **dict.fromkeys(self.parameters, UNKNOWN),
            **self.defaults,
            **dict(zip(self.parameters, given)),
            **by_name,
            self.rest: tuple(given[len(self.parameters) :]),
        }
        return text_of(self.expression, {**self.names, **arguments})


#: The value of a name: a text, several texts, or a function that returns one.
Named = typing.Union[str, "tuple[str, ...]", TextFunction]


def text_function(node: ast.FunctionDef, names: Mapping[str, Named]) -> TextFunction | None:
    """A function with only a docstring and one expression; None for any other function."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        return None
    parameters = tuple(each.arg for each in node.args.args)
    # Parameters with defaults come last.
    from_the_end = zip(reversed(parameters), reversed(node.args.defaults))
    defaults = {name: text_or_unknown(default, names) for name, default in from_the_end}
    rest = node.args.vararg.arg if node.args.vararg else ""
    return TextFunction(parameters, rest, defaults, body[0].value, names)


def text_of(node: ast.AST, names: Mapping[str, Named]) -> str | None:
    """The text of an expression; None if it may not be text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        named = names.get(node.id)
        return named if isinstance(named, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(value, names) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (text_of(node.left, names), text_of(node.right, names))
        if sides != (None, None):
            return "".join(UNKNOWN if side is None else side for side in sides)
    if isinstance(node, ast.Call):
        return _returned_text(node, names)
    return None


def text_or_unknown(node: ast.AST, names: Mapping[str, Named]) -> str:
    """The text of an expression, or :data:`UNKNOWN`."""
    text = text_of(node, names)
    return UNKNOWN if text is None else text


def _part(node: ast.AST, names: Mapping[str, Named]) -> str:
    """The text of a part of an f-string."""
    if not isinstance(node, ast.FormattedValue):
        return text_of(node, names) or ""
    if node.format_spec is not None:
        form = text_of(node.format_spec, names) or ""
        return format(SAMPLE_DATE, form) if "%" in form else UNKNOWN
    return text_or_unknown(node.value, names)


def _returned_text(call: ast.Call, names: Mapping[str, Named]) -> str | None:
    """The text that a call returns; None if it may not be text."""
    if isinstance(call.func, ast.Name):
        function = names.get(call.func.id)
        return function.text(call, names) if isinstance(function, TextFunction) else None
    if not isinstance(call.func, ast.Attribute):
        return None
    text = text_of(call.func.value, names)
    if text is None:
        return None
    if call.func.attr == "format":
        return text
    if call.func.attr == "join" and isinstance(call.args[0], ast.Name):
        texts = names.get(call.args[0].id)
        return text.join(texts) if isinstance(texts, tuple) else None
    return None
