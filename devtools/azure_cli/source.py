"""Finds texts with commands in Python source, without running it.

Concatenated strings count as one, even if a function concatenates them.
"""

from __future__ import annotations

import ast
import re
import shlex
import typing
from collections.abc import Iterator, Mapping

from devtools.azure_cli.expressions import UNKNOWN, Named, TextFunction, text_function, text_of
from devtools.azure_cli.printed import NAMED

#: A field that ``str.format`` fills in.
FIELD = re.compile(r"\{\w*\}")

#: Inline code in a docstring.
SPAN = re.compile(r"``(az [^`]+)``")


class Text(typing.NamedTuple):
    """A text in a module.

    :param line: its first line.
    """

    line: int
    text: str


class Sources:
    """Modules that may import constants and functions from each other.

    :param modules: the source of each, by its dotted name.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._trees = {name: ast.parse(source) for name, source in modules.items()}
        self._names: dict[str, dict[str, Named]] = {}

    def texts(self, module: str) -> list[Text]:
        """The texts of a module that contain a command.

        Constants count where they are used, because they may be only the start of a command.
        So do functions, because their arguments are known there.
        """
        found = _walk(self._trees[module], self._names_of(module))
        known = (Text(line, FIELD.sub(UNKNOWN, text)) for line, text in found)
        return [each for each in known if NAMED.search(each.text)]

    def _names_of(self, module: str) -> Mapping[str, Named]:
        """The named texts of a module, and its functions that return a text."""
        if module not in self._names:
            names = self._names[module] = {}
            for node in self._trees[module].body:
                names.update(self._named_by(node, names))
        return self._names[module]

    def _named_by(self, node: ast.stmt, names: Mapping[str, Named]) -> Mapping[str, Named]:
        """The names that a statement of a module defines.

        :param names: the names defined before it.
        """
        if isinstance(node, ast.ImportFrom) and node.module in self._trees:
            theirs = self._names_of(node.module)
            return {
                name.asname or name.name: theirs[name.name]
                for name in node.names
                if name.name in theirs
            }
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = text_of(node.value, names)
            return {} if text is None else {node.targets[0].id: text}
        if isinstance(node, ast.FunctionDef):
            function = text_function(node, names)
            return {} if function is None else {node.name: function}
        return {}


def _walk(node: ast.AST, names: Mapping[str, Named]) -> Iterator[Text]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        for span in SPAN.findall(str(node.value.value)):
            yield Text(node.lineno, " ".join(span.split()))
        return
    if _is_taken_where_used(node, names):
        return
    text = text_of(node, names) or _command(node, names)
    if text is not None:
        yield Text(getattr(node, "lineno", 0), text)
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, names)


def _command(node: ast.AST, names: Mapping[str, Named]) -> str | None:
    """The command in a list of words; None if it is not one, or a word is unknown."""
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return None
    words = [text_of(element, names) for element in node.elts]
    if words[0] != "az" or any(isinstance(element, ast.Starred) for element in node.elts):
        return None
    return shlex.join(UNKNOWN if word is None else word for word in words)


def _is_taken_where_used(node: ast.AST, names: Mapping[str, Named]) -> bool:
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id in names
    if isinstance(node, ast.Return) and node.value is not None:
        functions = [named for named in names.values() if isinstance(named, TextFunction)]
        is_followed = any(function.expression is node.value for function in functions)
        return is_followed and text_of(node.value, names) is not None
    return False
