"""The texts of Python source that name a command, as far as they can be known without running it.

Strings that are put together are taken as one. What is only known at run time is replaced by
:data:`UNKNOWN`.
"""

from __future__ import annotations

import ast
import re
import shlex
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from devtools.azure_cli.printed import NAMED

#: Stands for a value that the program knows when it runs.
UNKNOWN = "VALUE"
SOME_DAY = datetime(2026, 9, 1, tzinfo=timezone.utc)

#: Filled in by ``str.format``, here or elsewhere.
FIELD = re.compile(r"\{\w*\}")

#: Code within a docstring.
SPAN = re.compile(r"``(az [^`]+)``")


class Text(typing.NamedTuple):
    """A text of a module.

    :param line: where it begins.
    """

    line: int
    text: str


class Sources:
    """Modules that may import constants from each other.

    :param modules: the source of each, by its dotted name.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._trees = {name: ast.parse(source) for name, source in modules.items()}
        self._named: dict[str, dict[str, str]] = {}

    def texts(self, module: str) -> list[Text]:
        """What a module says with a command in it.

        A constant is taken where it is used, because it may be no more than a command's beginning.
        """
        named = self._constants(module)
        found = _walk(self._trees[module], named)
        known = (Text(line, FIELD.sub(UNKNOWN, text)) for line, text in found)
        return [each for each in known if NAMED.search(each.text)]

    def _constants(self, module: str) -> Mapping[str, str]:
        """The texts that have a name in a module."""
        if module not in self._named:
            named = self._named[module] = {}
            for node in self._trees[module].body:
                if isinstance(node, ast.ImportFrom) and node.module in self._trees:
                    theirs = self._constants(node.module)
                    for name in node.names:
                        if name.name in theirs:
                            named[name.asname or name.name] = theirs[name.name]
                elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    text = _text(node.value, named)
                    if text is not None:
                        named[node.targets[0].id] = text
        return self._named[module]


def _walk(node: ast.AST, named: Mapping[str, str]) -> Iterator[Text]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        for span in SPAN.findall(str(node.value.value)):
            yield Text(node.lineno, " ".join(span.split()))
        return
    if _names_a_constant(node, named):
        return
    text = _text(node, named) or _command(node, named)
    if text is not None:
        yield Text(getattr(node, "lineno", 0), text)
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, named)


def _command(node: ast.AST, named: Mapping[str, str]) -> str | None:
    """The command that a list of its words comes to; None when it is none, or some are missing."""
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return None
    words = [_text(element, named) for element in node.elts]
    if words[0] != "az" or any(isinstance(element, ast.Starred) for element in node.elts):
        return None
    return shlex.join(UNKNOWN if word is None else word for word in words)


def _names_a_constant(node: ast.AST, named: Mapping[str, str]) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in named
    )


def _text(node: ast.AST, named: Mapping[str, str]) -> str | None:
    """The text that an expression comes to; None when it may be none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return named.get(node.id)
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(value, named) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = (_text(node.left, named), _text(node.right, named))
        if sides != (None, None):
            return "".join(UNKNOWN if side is None else side for side in sides)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        template = _text(node.func.value, named)
        if node.func.attr == "format" and template is not None:
            return template
    return None


def _part(node: ast.AST, named: Mapping[str, str]) -> str:
    """What a part of an f-string comes to."""
    if not isinstance(node, ast.FormattedValue):
        return _text(node, named) or ""
    if node.format_spec is not None:
        form = _text(node.format_spec, named) or ""
        return format(SOME_DAY, form) if "%" in form else UNKNOWN
    text = _text(node.value, named)
    return UNKNOWN if text is None else text
