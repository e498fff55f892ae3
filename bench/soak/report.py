"""The report of a soak, and whether it passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.soak.progress import KINDS, Progress
from bench.soak.sizes import MEGABYTE, is_user_data, may_grow

#: A process, and all together, may grow to this many times their size after the warm-up.
MAX_GROWTH = 1.3

#: A table of finished work may gain this many rows, such as the newest record of each school.
MAX_NEW_ROWS = 50


AS_LARGE = "as large as after the warm-up"

#: The fields of `sizes.Memory`.
RSS, PSS = 0, 1

#: The report shows this many failures.
SHOWN = 10


def everything(progress: Progress) -> Iterator[str]:
    """All lines of the report."""
    data = progress.data
    yield from processes(data["runs"])
    failed = [failure for run in data["runs"] for failure in run["failures"]]
    yield f"{data['broken']} syncs were cut off on purpose; {len(failed)} requests or syncs failed"
    yield from (f"  {failure}" for failure in failed[:SHOWN])
    if "after" in data:
        yield "before the work, and after it when housekeeping has had its time:"
        yield from tables(data["before"], data["after"])
        for when, key in (
            ("after the work", "list_worked"),
            ("when housekeeping was done", "list_after"),
        ):
            count, size = data[key]
            yield f"task list {when}: {count:,} jobs, {size / 1024:,.0f} kB"
        yield f"housekeeping removed {data['removed']}"
    else:
        left = [f"{progress.done[kind]:,} of {progress.goals[kind]:,} {kind}" for kind in KINDS]
        yield f"not done yet: {', '.join(left)}; run it again to continue"
    found = faults(data)
    yield from (f"FAULT: {fault}" for fault in found)
    yield "failed" if found else "passed" if "after" in data else "well so far"


def processes(runs: list[dict[str, Any]]) -> Iterator[str]:
    """For each process of each run, the resident and proportional size before and after."""
    for number, run in enumerate(runs, start=1):
        done = ", ".join(f"{count:,} {kind}" for kind, count in run["done"].items())
        yield f"run {number}, {run['minutes']:.0f} minutes after its warm-up: {done}"
        yield f"  {'process':<24}{'RSS MB':>17}{'PSS MB':>17}{'grown to':>10}"
        for name, (before, after) in run["processes"].items():
            rss, pss = (f"{_mb(before[kind])} -> {_mb(after[kind])}" for kind in (RSS, PSS))
            yield f"  {name:<24}{rss:>17}{pss:>17}{_growth(before, after):>9.2f}x"
        before, after = (
            sum(size[PSS] for size in sizes) for sizes in zip(*run["processes"].values())
        )
        yield f"  {'all together':<41}{f'{_mb(before)} -> {_mb(after)}':>17}{_all(run):>9.2f}x"


def tables(before: Mapping[str, list[int]], after: Mapping[str, list[int]]) -> Iterator[str]:
    """For each table with rows, the largest first, rows and size before and after."""
    yield f"  {'table':<46}{'rows':>20}{'kB':>18}"
    for name in sorted(after, key=lambda each: -after[each][1]):
        old, new = before.get(name, [0, 0]), after[name]
        if old[0] or new[0]:
            kept = " (kept for people)" if is_user_data(name) else ""
            rows = f"{old[0]:,} -> {new[0]:,}"
            size = f"{old[1] // 1024:,} -> {new[1] // 1024:,}"
            yield f"  {name:<46}{rows:>20}{size:>18}{kept}"


def faults(data: Mapping[str, Any]) -> list[str]:
    """The reasons why the soak fails, if any."""
    found = []
    for run in data["runs"]:
        for name, (before, after) in run["processes"].items():
            if _growth(before, after) > MAX_GROWTH:
                found.append(f"{name} is {_growth(before, after):.2f} times {AS_LARGE}")
        if _all(run) > MAX_GROWTH:
            found.append(f"all processes together are {_all(run):.2f} times {AS_LARGE}")
    for name, (rows, _) in data.get("after", {}).items():
        old = data["before"].get(name, [0, 0])[0]
        if not may_grow(name) and rows > old + MAX_NEW_ROWS:
            found.append(f"table {name} has grown from {old:,} to {rows:,} rows")
    return found


def _growth(before: list[int], after: list[int]) -> float:
    """The growth of a process, by resident size: its share of shared memory may change."""
    return after[RSS] / before[RSS]


def _all(run: Mapping[str, Any]) -> float:
    """The growth of all processes together; shared memory counts once."""
    sizes = run["processes"].values()
    return sum(after[PSS] for _, after in sizes) / sum(before[PSS] for before, _ in sizes)


def _mb(size: float) -> str:
    return f"{size / MEGABYTE:.0f}"
