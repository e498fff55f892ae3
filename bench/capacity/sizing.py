"""Computes how many learners each size of the production template carries.

From what `measured.json` says of a request and a sign-in, and what the template says of machines,
instances and database. No site on Azure has been measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.capacity.measured import Found
from kolibri_azure_plugin.configuration.limits import Limits
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.container.sizing import sizes as container_sizes

TEMPLATE = Path(__file__).parents[2] / "arm" / "prod_deployment_template.json"
SIZES = ("small", "medium", "large")

#: The safety factor is 2: only half of the processor time that the work without visitors leaves is
#: planned for learners. The other half is for processors slower than those measured, for coaches,
#: syncs and background jobs, and for lessons with more requests than the measured one.
SAFETY = 0.5

#: Sites are planned for the sign-in of all learners within this many seconds.
STORM_SECONDS = 120

#: Milliseconds of a round trip to the database between two machines of one region; not measured.
ROUND_TRIP_MS = 2

GIGABYTE, HOUR = 2**30, 3600


@dataclass(frozen=True)
class Machine:
    """A machine of an App Service plan.

    :param speed: of one of its processors, compared with those of Premium v3.
    """

    processors: int
    gigabytes: float
    speed: float = 1.0


#: https://azure.microsoft.com/pricing/details/app-service/linux/. Microsoft gives Basic machines
#: 100 units of its measure for processors (ACU) and Premium v3 at least 195.
MACHINES = {
    "B2": Machine(2, 3.5, 0.5),
    "P0v3": Machine(1, 4),
    "P1v3": Machine(2, 8),
    "P2v3": Machine(4, 16),
    "P3v3": Machine(8, 32),
}

#: Processors that a database may use all the time. For B2s this is the base performance of
#: https://learn.microsoft.com/azure/virtual-machines/sizes-b-series-burstable: a fifth of each of
#: its two; it uses more for as long as its credits last.
DATABASES = {
    "Standard_B2s": 0.4,
    "Standard_D2ds_v5": 2,
    "Standard_D4ds_v5": 4,
    "Standard_D8ds_v5": 8,
}

#: Overrides of `large` for the largest site that is computed. A Standard_D8ds_v5 allows 3,437
#: connections by default.
OVERRIDES = {
    "planSku": "P3v3",
    "minimumInstances": 10,
    "maximumInstances": 30,
    "databaseSku": "Standard_D8ds_v5",
    "databaseConnections": 3400,
}


@dataclass(frozen=True)
class Carried:
    """How many learners a size carries, by each of its parts.

    :param at_once: by the processors of the instances that always run, if all sign in at once, and
        by the passwords that they check per second.
    :param in_lessons: by the processors of all instances, once autoscale has started them.
    :param database: by the database's processors.
    :param threads: by the threads of the instances that always run, which wait for the database.
    :param connections: of all instances together to the database, at most; those of the staging
        slot count, too.
    """

    at_once: float
    in_lessons: float
    database: float
    threads: float
    connections: int

    @property
    def learners(self) -> int:
        """The size's number of learners, rounded down."""
        return round_down(min(self._limits.values()))

    @property
    def first_limit(self) -> str:
        return min(self._limits, key=lambda name: self._limits[name])

    @property
    def _limits(self) -> Mapping[str, float]:
        return {
            "sign-ins at the same time": self.at_once,
            "processors of the instances": self.in_lessons,
            "processors of the database": self.database,
            "threads and connections": self.threads,
        }


@dataclass(frozen=True)
class PerVcpu:
    """How many learners of a size come to each of its vCPUs, by the same limits."""

    at_once: float
    in_lessons: float
    database: float


def template_sizes() -> dict[str, dict[str, Any]]:
    """The sizes of the production template."""
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = template["variables"]["sizes"]
    return found


def largest_site() -> dict[str, Any]:
    """The values of `large` with these overrides."""
    return {**template_sizes()["large"], **OVERRIDES}


def carried(size: Mapping[str, Any], found: Found) -> Carried:
    """Compute the learners of a size with these values."""
    machine = MACHINES[size["planSku"]]
    least, most = size["minimumInstances"], size["maximumInstances"]
    instances = most * (2 if size["stagingSlot"] else 1)
    container = container_sizes(
        Limits(machine.processors, int(machine.gigabytes * GIGABYTE)),
        ImageSettings(max_connections=size["databaseConnections"]),
        instances,
    )
    request = found.request
    # A thread is busy while its process computes, and while it waits for the database.
    busy = request.server_ms / machine.speed + request.database_ms
    busy += request.statements * ROUND_TRIP_MS
    usable = _usable(machine.processors * machine.speed - found.rest["server_seconds"] / HOUR)
    database = _usable(
        DATABASES[size["databaseSku"]] - most * found.rest["database_seconds"] / HOUR
    )
    return Carried(
        at_once=least * min(usable / at_once_ms(found), container.password_checks * STORM_SECONDS),
        in_lessons=most * usable / lesson_ms(found),
        database=database
        / (found.rate * request.database_ms + found.sign_in.database_ms / STORM_SECONDS),
        threads=least * container.all_threads * 1000 * SAFETY / (found.rate * busy),
        connections=instances * container.connections,
    )


def per_vcpu(size: Mapping[str, Any], found: Found) -> PerVcpu:
    """Divide what a size carries by the vCPUs that carry it."""
    whole, processors = carried(size, found), MACHINES[size["planSku"]].processors
    return PerVcpu(
        at_once=whole.at_once / (size["minimumInstances"] * processors),
        in_lessons=whole.in_lessons / (size["maximumInstances"] * processors),
        database=whole.database / DATABASES[size["databaseSku"]],
    )


def _usable(processors: float) -> float:
    """Milliseconds of processor time a second that are planned for visitors.

    :param processors: those that the work without visitors leaves free.
    """
    return max(processors, 0.0) * 1000 * SAFETY


def lesson_ms(found: Found) -> float:
    """Milliseconds of the server's processor time per second of a learner in a lesson."""
    return found.rate * found.request.server_ms


def at_once_ms(found: Found) -> float:
    """The same while all learners sign in, and those who have signed in work."""
    return lesson_ms(found) + found.sign_in.server_ms / STORM_SECONDS


def round_down(number: float) -> int:
    """Round to one digit, or one and a half: 655 to 650, 1,990 to 1,500."""
    step = max(10 ** (len(str(int(number))) - 1) // 2, 5)
    return int(number // step * step)
