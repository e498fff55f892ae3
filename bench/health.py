"""Measures the cost of 1,000 readiness probes a second on both of Kolibri's servers, with wrk.

Usage: python -m bench.health [SECONDS]

Prints the probes answered per second, their latencies, the answers other than 200, and how many
database connections the flood added. Debian and Ubuntu have a package wrk.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import requests

from bench.deployment import DATABASE, deployment_to_measure
from devtools.deployment import Deployment
from devtools.instances import start_gunicorn, start_kolibri
from devtools.kolibri_process import WebProcess
from devtools.postgres import PostgresServer

READY = "/azure/health/ready"

#: The number of probers, and each one's pause in milliseconds: 1,000 probes a second in all.
PROBERS, PAUSE = 24, 20

SECONDS = 10

SCRIPT = f"function delay() return {PAUSE} end\n"

#: Two server processes, as in the image.
GUNICORN = ("--preload", "--workers=2")


@dataclass(frozen=True)
class Flood:
    """The results of wrk.

    :param rate: answers per second.
    :param latencies: text as wrk prints it, by percentile.
    :param slowest: milliseconds of the slowest answer.
    :param refused: answers other than 200.
    :param broken: broken connections, and requests that timed out.
    """

    rate: float
    latencies: dict[str, str]
    slowest: float
    refused: int
    broken: int

    @property
    def p99(self) -> float:
        """The 99th percentile, in milliseconds."""
        return milliseconds(self.latencies["99%"])


def flood(url: str, seconds: int = SECONDS) -> Flood:
    """Send 1,000 probes a second for `seconds`."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        options = ["-t1", f"-c{PROBERS}", f"-d{seconds}s", "--latency", "-s", script.name]
        answer = subprocess.run(
            ["wrk", *options, url + READY], check=True, capture_output=True, text=True
        )
    return read(answer.stdout)


def read(text: str) -> Flood:
    """Parse the output of wrk."""
    latencies = dict(re.findall(r"^\s+(\d+%)\s+(\S+)$", text, re.MULTILINE))
    rate = re.search(r"Requests/sec:\s+(\S+)", text)
    slowest = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", text)
    if rate is None or slowest is None:
        raise ValueError(f"wrk said:\n{text}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    return Flood(
        float(rate[1]),
        latencies,
        milliseconds(slowest[1]),
        refused=int(refused[1]) if refused else 0,
        broken=sum(map(int, re.findall(r"\d+", broken[1]))) if broken else 0,
    )


def milliseconds(text: str) -> float:
    """Convert a time of wrk, such as ``1.5ms``, to milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def probing_connections(postgres: PostgresServer) -> int:
    """The number of connections that readiness keeps open, in all processes."""
    every = postgres.connections(DATABASE)
    return sum(each.application.startswith("kolibri health") for each in every)


def measure(
    name: str,
    start: Callable[[Deployment], WebProcess],
    deployment: Deployment,
    postgres: PostgresServer,
    seconds: int,
) -> None:
    """Start the server, flood it, and print the results."""
    with start(deployment) as server:
        server.wait_until_serving()
        requests.get(server.url + READY, timeout=10)
        before = probing_connections(postgres)
        seen = flood(server.url, seconds)
        after = probing_connections(postgres)
    latencies = ", ".join(f"{share} {time}" for share, time in seen.latencies.items())
    print(
        f"{name}: {seen.rate:.0f} probes/s; {latencies}; "
        f"{seen.refused} refused, {seen.broken} broken; "
        f"database connections of probes: {before} before, {after} after",
        flush=True,
    )


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with deployment_to_measure() as (deployment, postgres, _):
        deployment.provision()
        measure("kolibri start", start_kolibri, deployment, postgres, seconds)
        measure("gunicorn", lambda d: start_gunicorn(d, *GUNICORN), deployment, postgres, seconds)


if __name__ == "__main__":
    main()
