"""Compares stock Kolibri with this image's processes on one machine, in a Markdown table.

    python -m bench.performance [--rows mix,delay,…] [--seconds 6] [--rounds 3] [--write]

Both use the same PostgreSQL with TLS, with identical databases, and take turns.
docs/performance.md explains the measurements; --write puts the measured rows there.
"""

from __future__ import annotations

from pathlib import Path

from bench.performance import work
from bench.performance.comparison import Comparison
from bench.performance.learners import Learner
from bench.performance.school import LARGE_FILE, SMALL_FILE, content_file, seed_data
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer


def furnish(deployment: Deployment, postgres: PostgresServer, folder: Path) -> work.School:
    seed_data(deployment, folder)
    small, large = (content_file(deployment.share, size) for size in (SMALL_FILE, LARGE_FILE))
    return work.School(postgres, folder, small, large)


COMPARISON: Comparison[Learner, work.School] = Comparison(
    name="performance",
    learners=work.CLASS,
    furnish=furnish,
    near={
        "start": work.start,
        "memory": work.memory,
        "mix": work.mix,
        "connections": work.connections,
        "files": work.files,
        "slow": work.slow_clients,
        "page": work.page,
    },
    far={"delay": work.mix_with_delay},
)

if __name__ == "__main__":
    COMPARISON.main()
