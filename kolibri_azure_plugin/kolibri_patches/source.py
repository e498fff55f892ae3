"""The source of a function as a digest, which tells whether a new Kolibri has changed it.

It is read in two ways that come to the same: of a function that stands in this process, as a start
does, and of a file alone, as the doctor does, which loads nothing of Kolibri's for that.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
import tokenize
from typing import Any

from kolibri_azure_plugin.kolibri_patches import files

#: Hexadecimal digits that are kept.
LENGTH = 16


def digest_of(function: Any) -> str:
    """The digest of a function's source, decorators included; empty where there is none to read.

    `inspect.getsource` would compare the file with that of each module that is loaded, which takes
    longer than all the rest of this.

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
    """The digest of what a module defines or imports under a name; empty where there is none."""
    found = files.find(module, name)
    return digest(_block(found.lines, found.first_line)) if found else ""


def digest(text: str) -> str:
    """The digest of a source text, however far it is indented."""
    return hashlib.sha256(textwrap.dedent(text).strip().encode()).hexdigest()[:LENGTH]


def _block(lines: list[str], first: int) -> str:
    """The definition that begins in a line, counted from 1, without comments behind it.

    Whether those belong to it is another question for each version of Python.
    """
    block = inspect.getblock(lines[first - 1 :])
    while block and (not block[-1].strip() or block[-1].lstrip().startswith("#")):
        block.pop()
    return "".join(block)


@functools.lru_cache(maxsize=1)
def _lines(path: str) -> list[str]:
    """Of one file at a time: most patches of a module follow each other."""
    with tokenize.open(path) as file:
        return file.readlines()
