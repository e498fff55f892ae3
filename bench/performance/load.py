"""Many requests at once, put by wrk, and what became of them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.performance.learners import HEADERS, Learner

SCRIPT = Path(__file__).with_name("requests.lua")

#: What went wrong, as wrk counts it; a timeout is an answer that took more than two seconds.
FAILURES = ("connect", "read", "write", "timeout", "status")


@dataclass(frozen=True)
class Load:
    """What wrk has seen.

    :param rate: answers a second.
    :param p50: milliseconds, as is `p95`; infinite where there was no answer, and nothing of files.
    :param megabytes: million bytes a second.
    :param failures: how many requests failed, by kind; those that did not are left out.
    """

    rate: float
    p50: float
    p95: float
    megabytes: float
    failures: dict[str, int]

    @property
    def errors(self) -> int:
        return sum(self.failures.values())


def learner_mix(url: str, learners: Sequence[Learner], connections: int, seconds: float) -> Load:
    """The mix of all learners in turn; each answer's status counts."""
    lines = [f"{path}\t{learner.cookie_header}" for learner in learners for path in learner.mix]
    return _wrk(url, lines, connections, seconds, connections, "each")


#: wrk takes in 8 kB at a time, so that one thread is sooner at its end than a server that is good
#: at files.
FILE_THREADS = 2


def one_file(url: str, path: str, connections: int, seconds: float) -> Load:
    """The same file again and again."""
    return _wrk(url, [f"{path}\t"], connections, seconds, FILE_THREADS)


def _wrk(
    url: str, lines: Sequence[str], connections: int, seconds: float, threads: int, *mode: str
) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        requests, headers = Path(folder, "requests"), Path(folder, "headers")
        requests.write_text("".join(f"{line}\n" for line in lines))
        headers.write_text("".join(f"{name}: {value}\n" for name, value in HEADERS.items()))
        options = [f"-t{threads}", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(SCRIPT)]
        answer = subprocess.run(
            ["wrk", *options, url, "--", str(requests), str(headers), *mode],
            check=True,
            capture_output=True,
            text=True,
        )
    return read(json.loads(answer.stdout.splitlines()[-1]))


def read(summary: dict[str, float]) -> Load:
    """What the script prints."""
    seconds = summary["microseconds"] / 1e6
    answered = summary["answers"] > 0
    return Load(
        rate=summary["answers"] / seconds,
        p50=summary["p50"] if answered else float("inf"),
        p95=summary["p95"] if answered else float("inf"),
        megabytes=summary["bytes"] / seconds / 1e6,
        failures={kind: int(summary[kind]) for kind in FAILURES if summary[kind]},
    )
