"""The demo's progress messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def say(text: str, end: str = "\n") -> None:
    """Print immediately. A closed terminal must not prevent the cleanup."""
    with suppress(OSError):
        print(text, end=end, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print what begins, and how long it took."""
    say(f"  {text} ...", end="")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f" {time.monotonic() - began:.1f} s")


def table(lines: dict[str, str]) -> str:
    """Format names and values, one per line."""
    width = max(len(name) for name in lines)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in lines.items())
