"""Shows the progress of the work: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from typing import IO, Any

from kolibri_azure_plugin.provisioning.moving_in.progress import DONE, SAID, STEP

#: Seconds between two plain lines about the same step.
INTERVAL = 10.0

MIB = 1 << 20

#: tqdm's own format without the name's colon for steps of unknown length.
WITHOUT_TOTAL = "{desc}: {elapsed}"


class Lines:
    """Plain lines, for logs and pipes.

    :param out: where they go.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._step: dict[str, Any] = {}
        self._began = self._shown = 0.0

    def show(self, line: dict[str, Any]) -> None:
        """Show a line of the progress file."""
        if line["kind"] == SAID:
            self._print(line["text"])
        elif line["kind"] == STEP:
            self._step = line
            self._began = self._shown = time.monotonic()
            self._print(f"{line['title']} …")
        elif line["kind"] == DONE and not line.get("finished"):
            self._step["total"] = line.get("total") or self._step["total"]
            if time.monotonic() >= self._shown + INTERVAL:
                self._shown = time.monotonic()
                self._print(f"{self._step['title']}: {self._how_far(line['done'])}")

    def close(self) -> None:
        """Nothing is open."""

    def _how_far(self, done: int) -> str:
        total, unit = self._step["total"], self._step["unit"]
        rate = done / max(0.001, time.monotonic() - self._began)
        amount, per_second = _amount(done, unit), f"{_amount(round(rate), unit)}/s"
        if not total:
            return f"{amount}, {per_second}"
        left = f", {round((total - done) / rate)} s left" if rate else ""
        return f"{amount} of {_amount(total, unit)}, {per_second}{left}"

    def _print(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


class Bars:
    """A progress bar for each step, with rate and time left.

    :param out: a terminal.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._bar: Any = None

    def show(self, line: dict[str, Any]) -> None:
        """Show a line of the progress file."""
        if line["kind"] == SAID:
            self.close()
            self._out.write(f"{line['text']}\n")
            self._out.flush()
        elif line["kind"] == STEP:
            self.close()
            self._bar = self._bar_of(line)
        elif line["kind"] == DONE and self._bar is not None:
            self._bar.total = line.get("total") or self._bar.total
            self._bar.update(line["done"] - self._bar.n)
            self._bar.refresh()

    def close(self) -> None:
        """End the present bar's line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _bar_of(self, line: dict[str, Any]) -> Any:
        from tqdm import tqdm

        unit = line["unit"]
        return tqdm(
            desc=line["title"],
            total=line["total"] or None,
            unit="B" if unit == "B" else f" {unit}",
            unit_scale=unit == "B",
            unit_divisor=1024,
            file=self._out,
            dynamic_ncols=True,
            bar_format=None if unit else WITHOUT_TOTAL,
        )


def display(out: IO[str]) -> Lines | Bars:
    """The one that suits the output."""
    return Bars(out) if out.isatty() else Lines(out)


def _amount(number: int, unit: str) -> str:
    return f"{number / MIB:.1f} MiB" if unit == "B" else f"{number:,}"
