"""What the demo says while it starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def say(text: str, end: str = "\n") -> None:
    """Print it at once. A terminal that is gone must not keep the demo from tidying up."""
    with suppress(OSError):
        print(text, end=end, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what begins, and how long it took once it is done."""
    say(f"  {text} ...", end="")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f" {time.monotonic() - began:.1f} s")


def table(lines: dict[str, str]) -> str:
    """Names and values, one below the other."""
    width = max(len(name) for name in lines)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in lines.items())
