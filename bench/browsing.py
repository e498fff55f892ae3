"""Compares the caches for answers about content while learners browse a library.

Usage: python -m bench.browsing [--visits VISITS] [--pages PAGES]

Kolibri keeps each answer about content until content changes. Here each process keeps the newest
in its memory, or all share Redis, for which Kolibri has an option. The same visits go to 1, 2 and 4
instances of two processes, each side in turn: few pages are visited often, and many seldom, as in a
library. PostgreSQL and Redis are on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import time
from collections.abc import Callable, Iterator

from bench.deployment import deployment_to_measure
from bench.lesson.school import LEARNERS, seed_data
from bench.performance.table import table
from devtools.certificates import CertificateAuthority
from devtools.instances import another_instance, start_gunicorn
from devtools.kolibri_client import KolibriClient
from devtools.redis import RedisServer

SIDES = ("memory", "Redis")
INSTANCES = (1, 2, 4)
PROCESSES = 2

#: The visits to a page fall with its rank, as in the requests to web pages
#: (https://en.wikipedia.org/wiki/Zipf%27s_law).
EXPONENT = 0.8

#: Starts an instance of a side, which ends with the stack; returns a signed-in client.
Start = Callable[[contextlib.ExitStack, str], KolibriClient]

HEAD = ("instances", "memory, ms a visit", "Redis, ms a visit", "Redis takes")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browsing")
    parser.add_argument("--visits", type=int, default=3000)
    parser.add_argument("--pages", type=int, default=1000)
    options = parser.parse_args()
    print(table(HEAD, lines(pages_visited(options.visits, options.pages))))
    print(f"\n{options.visits:,} visits to {options.pages:,} pages, {PROCESSES} processes each.")


def pages_visited(visits: int, pages: int) -> list[str]:
    """The addresses that are visited, in order; always the same."""
    weights = [1 / (rank + 1) ** EXPONENT for rank in range(pages)]
    chosen = random.Random(1).choices(range(pages), weights, k=visits)
    # A page of the library shows 25 resources. Kolibri takes no notice of the last parameter, so
    # each page is as expensive as the others, but has an answer of its own.
    return [f"/api/content/contentnode/?max_results=25&page={page}" for page in chosen]


def lines(visits: list[str]) -> Iterator[list[str]]:
    """The rows of the table."""
    with contextlib.ExitStack() as stack:
        start = _deployment(stack)
        for count in INSTANCES:
            with contextlib.ExitStack() as servers:
                clients = {side: [start(servers, side) for _ in range(count)] for side in SIDES}
                took = _visit(clients, visits)
            memory, redis = (statistics.mean(took[side]) for side in SIDES)
            yield [str(count), f"{memory:.1f}", f"{redis:.1f}", f"{redis / memory:.2f} times"]


def _visit(clients: dict[str, list[KolibriClient]], visits: list[str]) -> dict[str, list[float]]:
    """Milliseconds of each visit, by side."""
    took: dict[str, list[float]] = {side: [] for side in clients}
    for number, address in enumerate(visits):
        for side, instances in clients.items():
            client = instances[number % len(instances)]
            begun = time.perf_counter()
            client.request("GET", address).raise_for_status()
            took[side].append((time.perf_counter() - begun) * 1000)
    return took


def _deployment(stack: contextlib.ExitStack) -> Start:
    """What starts an instance of a side, in a deployment with a channel."""
    deployment, _, _ = stack.enter_context(deployment_to_measure())
    folder = deployment.home.parent
    authority = CertificateAuthority.create(folder / "authority-of-redis")
    redis = stack.enter_context(RedisServer(folder / "redis", authority))
    deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    deployment.provision()
    seed_data(deployment, folder / "furniture")
    homes = iter(range(1000))

    def start(servers: contextlib.ExitStack, side: str) -> KolibriClient:
        given = redis.options if side == "Redis" else {}
        instance = another_instance(deployment, folder / f"home-{next(homes)}", **given)
        server = servers.enter_context(start_gunicorn(instance, f"--workers={PROCESSES}"))
        server.wait_until_serving()
        client = KolibriClient(server.url)
        client.sign_in(LEARNERS[0])
        return client

    return start


if __name__ == "__main__":
    main()
