"""A school in a new deployment, and measurements by modules that run inside its Kolibri."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.deployment import DATABASE, deployment_to_measure
from bench.startup import stock_environment
from devtools.deployment import Deployment, run

#: Stands before the JSON that such a module prints.
MARK = "FOUND "

#: Characters of a failed run's output that are shown. It logs every request.
LOG_SHOWN = 4000


@dataclass(frozen=True)
class MeasuredSchool:
    """The deployment, and the environment of stock Kolibri on the same database."""

    deployment: Deployment
    stock: dict[str, str]

    def ask_plugin(self, *words: str, seconds: float) -> Any:
        """Run ``python WORDS`` with the plugin; return what it prints after :data:`MARK`."""
        return self._ask(words, self.deployment.environment, seconds)

    def ask_stock(self, *words: str, seconds: float) -> Any:
        """The same, without the plugin."""
        return self._ask(words, self.stock, seconds)

    def _ask(self, words: tuple[str, ...], environment: dict[str, str], seconds: float) -> Any:
        command = self.deployment.command(self.deployment.python, *words)
        result = run(command, environment, seconds)
        _, mark, found = result.stdout.partition(MARK)
        if not mark:
            raise RuntimeError(f"{result.stdout[-LOG_SHOWN:]}\n{result.stderr[-LOG_SHOWN:]}")
        return json.loads(found.splitlines()[0])


@contextlib.contextmanager
def school_to_measure(seed: Callable[[Deployment, Path], None]) -> Iterator[MeasuredSchool]:
    """Yield a provisioned deployment that `seed` has filled; remove all at the end."""
    with deployment_to_measure() as (deployment, postgres, _):
        folder = deployment.home.with_name("furniture")
        home = folder / "stock"
        home.mkdir(parents=True)
        deployment.provision()
        seed(deployment, folder)
        stock = {
            **stock_environment(deployment, postgres, home),
            "KOLIBRI_CONTENT_DIR": str(deployment.share),
            "KOLIBRI_DATABASE_NAME": DATABASE,
        }
        yield MeasuredSchool(deployment, stock)
