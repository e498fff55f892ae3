"""Runs a program in a pseudo-terminal, and returns its output as HTML."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS = 100


def run_in_terminal(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run it to its end; return its output, with colours, as the content of a `<pre>`.

    :raises RuntimeError: if it prints nothing.
    """
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            env={**environment, "TERM": "xterm", "COLUMNS": str(COLUMNS)},
        ):
            os.close(theirs)
            output = _read_to_the_end(ours)
    finally:
        os.close(ours)
    if not output.strip():
        raise RuntimeError(f"{' '.join(command)} printed nothing")
    return _as_html(output)


def _read_to_the_end(terminal: int) -> str:
    pieces = []
    # The kernel reports the end of the program as an error of the terminal.
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    # Lines in a terminal end with two characters.
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _as_html(output: str) -> str:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi(output), soft_wrap=True)
    return console.export_html(theme=MONOKAI, code_format="{code}", inline_styles=True)
