"""Many concurrent requests with wrk, and their results."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.performance.learners import HEADERS, Learner

SCRIPT = Path(__file__).with_name("requests.lua")

#: The kinds of failures that wrk counts; a timeout is an answer that took too long.
FAILURES = ("connect", "read", "write", "timeout", "status")

#: wrk has ended this many seconds after its load, or never will.
END_SECONDS = 60

#: Seconds after which an answer counts as an error. wrk's default is two, but how long answers take
#: is measured anyway.
ANSWER_SECONDS = 20


@dataclass(frozen=True)
class Line:
    """One request of a visitor.

    :param cookies: as in the header.
    :param body: JSON, or empty.
    :param status: any other is an error.
    """

    address: str
    cookies: str = ""
    method: str = "GET"
    body: str = ""
    status: int = 200

    @property
    def text(self) -> str:
        return "\t".join((self.method, self.address, str(self.status), self.cookies, self.body))


@dataclass(frozen=True)
class Load:
    """The results of wrk.

    :param rate: answers per second.
    :param p50: milliseconds, like `p95`; infinite without answers, meaningless for files.
    :param megabytes: million bytes per second.
    :param failures: the number of failed requests of each kind that occurred.
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
    """Send the mix of all learners in turn, and check the status of each answer."""
    lines = [Line(path, each.cookie_header) for each in learners for path in each.mix]
    stride = len(learners[0].mix)
    return _wrk(url, lines, connections, seconds, connections, str(stride))


def all_at_once(url: str, visitors: Sequence[Sequence[Line]], seconds: float) -> Load:
    """Let each visitor send their own requests again and again, on a connection of their own.

    All visitors have equally many requests.
    """
    lines = [line for visitor in visitors for line in visitor]
    stride = str(len(visitors[0]))
    return _wrk(url, lines, len(visitors), seconds, len(visitors), stride, "own")


#: wrk reads 8 kB at a time, so a single thread is slower than a server that is fast at files.
FILE_THREADS = 2


def one_file(url: str, path: str, connections: int, seconds: float) -> Load:
    """Request the same file repeatedly."""
    return _wrk(url, [Line(path)], connections, seconds, FILE_THREADS)


def _wrk(
    url: str, lines: Sequence[Line], connections: int, seconds: float, threads: int, *mode: str
) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        requests, headers = Path(folder, "requests"), Path(folder, "headers")
        requests.write_text("".join(f"{line.text}\n" for line in lines))
        headers.write_text("".join(f"{name}: {value}\n" for name, value in HEADERS.items()))
        options = [f"-t{threads}", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(SCRIPT)]
        options += ["--timeout", f"{ANSWER_SECONDS}s"]
        answer = subprocess.run(
            ["wrk", *options, url, "--", str(requests), str(headers), *mode],
            check=True,
            capture_output=True,
            text=True,
            timeout=seconds + END_SECONDS,
        )
    return read(json.loads(answer.stdout.splitlines()[-1]))


def read(summary: dict[str, float]) -> Load:
    """Convert the output of requests.lua."""
    seconds = summary["microseconds"] / 1e6
    answered = summary["answers"] > 0
    return Load(
        rate=summary["answers"] / seconds,
        p50=summary["p50"] if answered else float("inf"),
        p95=summary["p95"] if answered else float("inf"),
        megabytes=summary["bytes"] / seconds / 1e6,
        failures={kind: int(summary[kind]) for kind in FAILURES if summary[kind]},
    )
