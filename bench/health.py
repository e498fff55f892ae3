"""What a thousand readiness probes a second cost, measured with wrk on both of Kolibri's servers.

Usage: python -m bench.health [SECONDS]

Prints the probes answered a second, their latencies, the answers that were not 200, and how many
database connections the flood added. wrk is a package of Debian and Ubuntu.
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

#: Probers, and the milliseconds that each waits before its next probe: a thousand a second.
PROBERS, PAUSE = 24, 20

SECONDS = 10

SCRIPT = f"function delay() return {PAUSE} end\n"

#: A server with two processes, as the image has it.
GUNICORN = ("--preload", "--workers=2")


@dataclass(frozen=True)
class Flood:
    """What wrk has seen.

    :param rate: answers a second.
    :param latencies: text as wrk prints it, by percentile.
    :param slowest: milliseconds of the slowest answer.
    :param refused: answers other than 200, and connections that broke.
    """

    rate: float
    latencies: dict[str, str]
    slowest: float
    refused: int

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return milliseconds(self.latencies["99%"])


def flood(url: str, seconds: int = SECONDS) -> Flood:
    """A thousand probes a second, for so long."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        options = ["-t1", f"-c{PROBERS}", f"-d{seconds}s", "--latency", "-s", script.name]
        answer = subprocess.run(
            ["wrk", *options, url + READY], check=True, capture_output=True, text=True
        )
    return read(answer.stdout)


def read(text: str) -> Flood:
    """What wrk printed."""
    latencies = dict(re.findall(r"^\s+(\d+%)\s+(\S+)$", text, re.MULTILINE))
    rate = re.search(r"Requests/sec:\s+(\S+)", text)
    slowest = re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", text)
    if rate is None or slowest is None:
        raise ValueError(f"wrk said:\n{text}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    errors = [int(number) for number in re.findall(r"\d+", broken[1])] if broken else []
    failures = (int(refused[1]) if refused else 0) + sum(errors)
    return Flood(float(rate[1]), latencies, milliseconds(slowest[1]), failures)


def milliseconds(text: str) -> float:
    """What wrk means by ``1.5ms``."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


def probing_connections(postgres: PostgresServer) -> int:
    """How many connections readiness keeps, in all processes."""
    every = postgres.connections(DATABASE)
    return sum(each.application.startswith("kolibri health") for each in every)


def measure(
    name: str,
    start: Callable[[Deployment], WebProcess],
    deployment: Deployment,
    postgres: PostgresServer,
    seconds: int,
) -> None:
    """Start the server, flood it, and print what was seen."""
    with start(deployment) as server:
        server.wait_until_it_answers()
        requests.get(server.url + READY, timeout=10)
        before = probing_connections(postgres)
        seen = flood(server.url, seconds)
        after = probing_connections(postgres)
    latencies = ", ".join(f"{share} {time}" for share, time in seen.latencies.items())
    print(
        f"{name}: {seen.rate:.0f} probes/s; {latencies}; {seen.refused} refused or broken; "
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
