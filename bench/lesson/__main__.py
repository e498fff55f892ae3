"""Compares stock Kolibri with this image's processes by a lesson, in a Markdown table.

    python -m bench.lesson [--rows lesson,delay,…] [--seconds 6] [--rounds 3] [--write]

Both use the same PostgreSQL with TLS, with identical databases, and take turns.
docs/performance.md explains the measurements; --write puts the measured rows there.
"""

from __future__ import annotations

from pathlib import Path

from bench.lesson import work
from bench.lesson.coaches import class_page
from bench.lesson.learners import Pupil
from bench.lesson.school import seed_data
from bench.lesson.signing_in import signing_in, signing_in_with_passwords
from bench.lesson.syncing import lesson_beside_a_sync
from bench.performance.comparison import Comparison, Place
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer


def furnish(deployment: Deployment, postgres: PostgresServer, folder: Path) -> Place:
    seed_data(deployment, folder)
    return Place(postgres, folder)


COMPARISON: Comparison[Pupil, Place] = Comparison(
    name="lesson",
    learners=work.CLASSES,
    furnish=furnish,
    near={
        "lesson": work.lesson,
        "coach": class_page,
        "signing-in": signing_in,
        "passwords": signing_in_with_passwords,
        "sync": lesson_beside_a_sync,
    },
    far={"delay": work.lesson_with_delay},
)

if __name__ == "__main__":
    COMPARISON.main()
