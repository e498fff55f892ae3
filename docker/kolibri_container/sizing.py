"""How many processes, threads and connections suit the container; docs/container.md has a table.

A process of Kolibri uses one CPU at a time, and a thread keeps its database connections. So there
is a process for each CPU, two at least, if the memory allows it, and as many threads as the
database lets in.
"""

from __future__ import annotations

import dataclasses
import math

from kolibri_azure_plugin.errors import SettingsError
from kolibri_container.limits import Limits
from kolibri_container.settings import ImageSettings

MEGABYTE = 2**20

#: What is used whatever the sizes: gunicorn's first processes, the workers, nginx, the doctor.
#: Measured, with what jobs take meanwhile.
BASE_MEMORY = 500 * MEGABYTE

#: What one more process of the app grows to, beyond what it shares with the first.
PROCESS_MEMORY = 150 * MEGABYTE

#: What a process needs for the largest answer that Kolibri gives is far below; one that has grown
#: beyond is replaced, whatever there is.
MOST_PROCESS_MEMORY = 1024 * MEGABYTE

#: Beyond these, threads of one process only wait for each other.
MOST_THREADS = 16

#: More than that one nginx, with all that it keeps, never needs.
MOST_NGINX_WORKERS = 4

#: While one is replaced, or killed, another one answers.
LEAST_PROCESSES = 2

#: Of each process of nginx, one for each MB of memory within these bounds: one that waits for a
#: page takes some kB, one that reads the largest answer half an MB.
FEWEST_NGINX_CONNECTIONS, MOST_NGINX_CONNECTIONS = 512, 4096

#: A process that opens a file on a slow share waits for it, and another one goes on.
LEAST_NGINX_WORKERS = 2

#: The aliases of Kolibri's database: a thread may keep a connection of each, `default` and
#: `default-serializable`, which is for sync.
ALIASES = 2

#: Kolibri's own defaults of REGULAR_PRIORITY_WORKERS and HIGH_PRIORITY_WORKERS (0.19.5): so many
#: jobs at once, in one instance of all. A sync uses both aliases, a channel import Django's
#: connection and one of SQLAlchemy.
JOB_THREADS = 4 + 2
JOB_CONNECTIONS = JOB_THREADS * 2

#: Of the workers' process beside its jobs: one that holds the lease or stands by for it, one that
#: looks for jobs.
WORKER_CONNECTIONS = 2

#: Of the doctor's rounds, for the plugin's table.
DOCTOR_CONNECTIONS = 1

#: Open only while an instance starts: one that holds the start lock, one for the plugin's table,
#: and Django's. Or while the doctor makes a round: its own, Django's and SQLAlchemy's. Or while
#: somebody types a command.
START_CONNECTIONS = 3

#: Of each process: the one with which it finds out whether the database answers.
HEALTH_CONNECTIONS = 1


@dataclasses.dataclass(frozen=True)
class Sizes:
    """What runs, and how much of it.

    :param processes: of gunicorn for the app.
    :param threads: of each of them.
    :param zipcontent_processes: of gunicorn for zip content.
    :param zipcontent_threads: of each of them.
    :param nginx_workers: processes of nginx.
    :param nginx_connections: of each of them.
    :param process_memory: bytes at which a process of gunicorn is replaced by a fresh one.
    :param connections: to the database, that this instance opens at the most beside those of jobs.
    """

    processes: int
    threads: int
    zipcontent_processes: int
    zipcontent_threads: int
    nginx_workers: int
    nginx_connections: int
    process_memory: int
    connections: int

    @property
    def all_threads(self) -> int:
        """Threads that serve the app."""
        return self.processes * self.threads


def sizes(limits: Limits, settings: ImageSettings, instances: int) -> Sizes:
    """What suits the container.

    :param instances: of the deployment, all of which share the database. The templates count those
        of a slot too, so that a swap is provided for.
    :raises SettingsError: when the database has not connections enough for a single thread.
    """
    cpus = max(1, settings.cpus or math.ceil(limits.cpus))
    memory = settings.memory * MEGABYTE or limits.memory
    for_processes = max(1, (memory - BASE_MEMORY) // PROCESS_MEMORY)
    share = (settings.max_connections - JOB_CONNECTIONS) // instances
    for_threads = (share - fixed_connections(0)) // (ALIASES + HEALTH_CONNECTIONS)
    processes = settings.processes or max(
        1, min(max(cpus, LEAST_PROCESSES), for_processes, for_threads)
    )
    most = (share - fixed_connections(processes)) // ALIASES // processes
    if most < 1:
        raise _too_few_connections(settings, instances, processes)
    wanted = math.ceil(settings.threads / processes) or MOST_THREADS
    threads = min(wanted, most)
    return Sizes(
        processes=processes,
        threads=threads,
        zipcontent_processes=settings.zipcontent_processes
        or max(1, min(cpus // 2, for_processes // 2)),
        zipcontent_threads=settings.zipcontent_threads,
        nginx_workers=settings.nginx_workers
        or min(max(cpus, LEAST_NGINX_WORKERS), MOST_NGINX_WORKERS),
        nginx_connections=settings.nginx_connections
        or min(max(memory // MEGABYTE, FEWEST_NGINX_CONNECTIONS), MOST_NGINX_CONNECTIONS),
        process_memory=min(
            MOST_PROCESS_MEMORY, max(2 * PROCESS_MEMORY, (memory - BASE_MEMORY) // processes)
        ),
        connections=fixed_connections(processes) + processes * threads * ALIASES,
    )


def fixed_connections(processes: int) -> int:
    """Connections of one instance beside those of jobs, and of the threads that serve."""
    kept = WORKER_CONNECTIONS + DOCTOR_CONNECTIONS
    return kept + START_CONNECTIONS + processes * HEALTH_CONNECTIONS


def _too_few_connections(settings: ImageSettings, instances: int, processes: int) -> SettingsError:
    needed = JOB_CONNECTIONS + instances * (fixed_connections(processes) + processes * ALIASES)
    return SettingsError(
        "The database connections do not suffice for the instances.",
        expected=f"{needed} or more for {instances} instances",
        found=f"KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS is {settings.max_connections}",
        remedy="Use a larger database server, or fewer instances, and set both (or fewer "
        "processes, where KOLIBRI_CONTAINER_PROCESSES is set):\n"
        "az webapp config appsettings set -g GROUP -n APP --settings "
        "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS=NUMBER KOLIBRI_AZURE_INSTANCES=NUMBER",
        code="container-connections",
    )
