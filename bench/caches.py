"""Compares the cost of the plugin's caches per request with that of Kolibri's own.

Usage: python -m bench.caches [REQUESTS]

Starts the same deployment several times, each with different caches, and sends them requests in
turn, so that other load on the machine affects all alike. PostgreSQL is on this machine: every
query of a request would take longer with a remote server.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import time

from bench.deployment import deployment_to_measure
from devtools.deployment import LEARNER, LEARNER_PASSWORD
from devtools.instances import another_instance, start_gunicorn
from devtools.kolibri_client import KolibriClient

PATHS = (
    "/api/public/info/",
    "/api/content/channel/",
    "/learn/api/state",
    "/learn/api/learnerclassroom/",
    "/learn/api/homehydrate",
    "/en/learn/",
)

OWN = "Kolibri's own"

WARM_UP = 20


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with contextlib.ExitStack() as stack:
        clients = _start(stack)
        times: dict[str, dict[str, list[float]]]
        times = {name: {path: [] for path in PATHS} for name in clients}
        for path in PATHS:
            for number in range(-WARM_UP, requests):
                for name, client in clients.items():
                    took = _ask(client, path)
                    if number >= 0:
                        times[name][path].append(took)
        _print(times)


def _start(stack: contextlib.ExitStack) -> dict[str, KolibriClient]:
    deployment, _, _ = stack.enter_context(deployment_to_measure())
    deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    deployment.provision()
    variants = {
        OWN: {"DJANGO_SETTINGS_MODULE": "bench.kolibri_default_caches"},
        "PostgreSQL": {},
        "PostgreSQL, rare visitors": {"DJANGO_SETTINGS_MODULE": "bench.cold_requests"},
    }
    clients = {}
    for number, (name, settings) in enumerate(variants.items()):
        instance = another_instance(
            deployment, deployment.home.parent / f"home-{number}", **settings
        )
        server = stack.enter_context(start_gunicorn(instance))
        server.wait_until_serving()
        clients[name] = KolibriClient(server.url)
        clients[name].sign_in(LEARNER, LEARNER_PASSWORD)
    return clients


def _ask(client: KolibriClient, path: str) -> float:
    """Return how many milliseconds one answer takes."""
    begun = time.perf_counter()
    answer = client.request("GET", path)
    took = (time.perf_counter() - begun) * 1000
    assert answer.status_code == 200, (path, answer.status_code)
    return took


def _print(times: dict[str, dict[str, list[float]]]) -> None:
    names = list(times)
    print(f"{'median ms':<32}" + "".join(f"{name:>26}" for name in names))
    for path in PATHS:
        medians = [statistics.median(times[name][path]) for name in names]
        _print_row(path, medians)
    totals = [sum(statistics.median(times[name][path]) for path in PATHS) for name in names]
    _print_row("all of them", totals)


def _print_row(title: str, values: list[float]) -> None:
    cells = (f"{value:.2f} ({value / values[0] - 1:+.1%})" for value in values)
    print(f"{title:<32}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
