"""Measures how much the plugin adds to the start of a Kolibri command.

    python -m bench.startup [--runs N]

Runs the same commands with and without the plugin in turn, on the same PostgreSQL with TLS, and
prints the medians and their difference. The vault answers in 50 ms, as within a region.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from bench.deployment import DATABASE, PASSWORD, USER, deployment_to_measure
from devtools.deployment import Deployment, run
from devtools.postgres import PostgresServer

VAULT_SECONDS = 0.05

#: Each command, with the seconds that the plugin may add.
COMMANDS = {
    ("manage", "--skip-update", "check"): 1.0,
    ("--version",): 0.05,
    ("plugin", "list"): 0.05,
    ("status",): 0.05,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with deployment_to_measure() as (deployment, postgres, azure):
        azure.fail("vault", "slow", seconds=VAULT_SECONDS)
        stock = stock_environment(deployment, postgres, deployment.home.with_name("stock"))
        report(deployment, stock, runs)


def stock_environment(
    deployment: Deployment, postgres: PostgresServer, home: Path
) -> dict[str, str]:
    """Kolibri's own settings for the same database, without the plugin."""
    inherited = ("PATH", "HOME", "PYTHONPATH")
    return {
        **{name: deployment.environment[name] for name in inherited},
        "KOLIBRI_HOME": str(home),
        "KOLIBRI_DATABASE_ENGINE": "postgres",
        "KOLIBRI_DATABASE_HOST": "localhost",
        "KOLIBRI_DATABASE_PORT": str(postgres.port),
        "KOLIBRI_DATABASE_NAME": DATABASE,
        "KOLIBRI_DATABASE_USER": USER,
        "KOLIBRI_DATABASE_PASSWORD": PASSWORD,
        "KOLIBRI_DATABASE_SSL_MODE": "require",
    }


def report(deployment: Deployment, stock: dict[str, str], runs: int) -> None:
    print(f"medians of {runs} runs each, in seconds; the vault answers in {VAULT_SECONDS} s")
    print(f"{'command':<34}{'with':>7}{'without':>9}{'added':>8}{'allowed':>9}")
    for command, allowed in COMMANDS.items():
        words = deployment.kolibri(*command)
        took: dict[str, list[float]] = {"with": [], "without": []}
        for counted in range(runs + 1):
            for side, environment in (("with", deployment.environment), ("without", stock)):
                begun = time.perf_counter()
                run(words, environment, 120)
                if counted:
                    took[side].append(time.perf_counter() - begun)
        one, other = statistics.median(took["with"]), statistics.median(took["without"])
        print(
            f"{'kolibri ' + ' '.join(command):<34}{one:>7.2f}{other:>9.2f}"
            f"{one - other:>8.2f}{allowed:>9.2f}"
        )


if __name__ == "__main__":
    main()
