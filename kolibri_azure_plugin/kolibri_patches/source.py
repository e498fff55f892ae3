"""Digests of functions' sources, which show whether a new Kolibri has changed a function.

There are two ways to read the source, with the same result. A start reads it from the imported
function. The doctor reads it from the file alone, without importing Kolibri.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
import tokenize
from typing import Any

from kolibri_azure_plugin.kolibri_patches import definitions

#: Length of a digest, in hexadecimal digits.
LENGTH = 16


def digest_of(function: Any) -> str:
    """The digest of a function's source, decorators included; empty if it can't be read.

    `inspect.getsource` compares the file with those of all loaded modules, which takes longer than
    everything else here.

    :param function: a function, a method or a class.
    """
    plain = inspect.unwrap(function)
    if inspect.isclass(plain):
        return digest_in_file(plain.__module__, plain.__qualname__)
    code = getattr(plain, "__code__", None)
    try:
        return digest(_block(_lines(code.co_filename), code.co_firstlineno)) if code else ""
    except OSError:
        return ""


def digest_in_file(module: str, name: str) -> str:
    """The digest of the definition of a name in a module; empty if there is none."""
    found = definitions.find(module, name)
    return digest(_block(found.lines, found.first_line)) if found else ""


def digest(text: str) -> str:
    """The digest of a source text, regardless of indentation."""
    return hashlib.sha256(textwrap.dedent(text).strip().encode()).hexdigest()[:LENGTH]


def _block(lines: list[str], first: int) -> str:
    """The definition that begins on a line, counted from 1, without comments after it.

    Versions of Python differ on whether those comments belong to it.
    """
    block = inspect.getblock(lines[first - 1 :])
    while block and (not block[-1].strip() or block[-1].lstrip().startswith("#")):
        block.pop()
    return "".join(block)


@functools.lru_cache(maxsize=1)
def _lines(path: str) -> list[str]:
    """The lines of a file. Caches one file, because patches of a module follow each other."""
    with tokenize.open(path) as file:
        return file.readlines()
