"""Finds the definition of a function or class in its file, without importing anything."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.util
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from typing import Union

Definition = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef]


@dataclasses.dataclass(frozen=True)
class Found:
    """A definition.

    :param lines: the lines of the whole file.
    :param first_line: the line on which the definition, or its first decorator, begins; from 1.
    """

    lines: list[str]
    first_line: int


@dataclasses.dataclass(frozen=True)
class _Module:
    """A parsed module.

    :param package: the package for its relative imports.
    """

    package: str
    lines: list[str]
    tree: ast.Module


def find(module: str, name: str) -> Found | None:
    """The definition of a name in a module, which may be imported or inherited from a base class.

    :param name: prefixed by the class, if any.
    """
    here = _read(module)
    if here is None or not name:
        return None
    first, *rest = name.split(".")
    node = _last(here.tree.body, first)
    if isinstance(node, ast.ImportFrom):
        source, there = _source(here, node), _name_there(node, first)
        return find(source, ".".join([there, *rest])) or find(f"{source}.{there}", ".".join(rest))
    return _inside(module, here, node, rest)


def _inside(
    module: str, here: _Module, node: Definition | ast.ImportFrom | None, path: list[str]
) -> Found | None:
    """The definition at the end of a dotted path that begins in a definition."""
    if node is None or isinstance(node, ast.ImportFrom):
        return None
    if not path:
        return Found(here.lines, min(each.lineno for each in (node, *node.decorator_list)))
    if not isinstance(node, ast.ClassDef):
        return None
    own = _inside(module, here, _last(node.body, path[0]), path[1:])
    if own:
        return own
    inherited = (find(module, ".".join([ast.unparse(base), *path])) for base in node.bases)
    return next(filter(None, inherited), None)


@functools.lru_cache(maxsize=8)
def _read(module: str) -> _Module | None:
    spec = _spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    try:
        with open(spec.origin, "rb") as file:
            text = importlib.util.decode_source(file.read())
        tree = ast.parse(text)
    except (OSError, SyntaxError):
        return None
    package = module if spec.submodule_search_locations else module.rpartition(".")[0]
    return _Module(package, text.splitlines(keepends=True), tree)


def _spec(module: str) -> ModuleSpec | None:
    """A module's spec. `importlib.util.find_spec` would import its parent packages."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return None
    name = first
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    return spec


def _last(body: list[ast.stmt], name: str) -> Definition | ast.ImportFrom | None:
    """The last statement that binds the name, which is the one that counts in Python."""
    found: Definition | ast.ImportFrom | None = None
    for node in _statements(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found = node if node.name == name else found
        elif isinstance(node, ast.ImportFrom) and _name_there(node, name):
            found = node
    return found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a block, and of `try` and `if` blocks in it."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from _statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handled = [each for handler in node.handlers for each in handler.body]
            yield from _statements([*node.body, *handled, *node.orelse, *node.finalbody])


def _name_there(node: ast.ImportFrom, name: str) -> str:
    """The original name of an imported name; empty if it is not imported."""
    names = {alias.asname or alias.name: alias.name for alias in node.names}
    return names.get(name, "")


def _source(here: _Module, node: ast.ImportFrom) -> str:
    """The absolute name of the module in an import, which may be relative."""
    if not node.level:
        return node.module or ""
    package = here.package.rsplit(".", node.level - 1)[0]
    return f"{package}.{node.module}" if node.module else package
