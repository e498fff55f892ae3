"""The numbers of processes, threads and connections; docs/container.md has a table.

A process of Kolibri uses one CPU at a time, and each thread keeps its database connections open. So
there is one process for each CPU, at least two, if the memory allows it, and as many threads as the
database has connections for.
"""

from __future__ import annotations

import dataclasses
import math

from kolibri_azure_plugin.configuration.limits import Limits
from kolibri_azure_plugin.container.settings import ImageSettings
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import set_app_settings

MEGABYTE = 2**20

#: Memory used at any size by gunicorn's first processes, the workers, nginx and the doctor.
#: Measured while jobs were running.
BASE_MEMORY = 500 * MEGABYTE

#: Memory of each further process of the app, beyond the memory that it shares with the first.
PROCESS_MEMORY = 150 * MEGABYTE

#: A process that has grown beyond this is always replaced. Kolibri's largest response needs far
#: less.
MAX_PROCESS_MEMORY = 1024 * MEGABYTE

#: More threads in one process would only wait for each other.
MAX_THREADS = 16

#: nginx never needs more processes.
MAX_NGINX_WORKERS = 4

#: While one process is replaced or killed, another one answers.
MIN_PROCESSES = 2

#: Connections of each nginx process: one for each MB of memory within these limits. A connection
#: that waits for a page takes some kB, one that reads the largest response half an MB.
MIN_NGINX_CONNECTIONS, MAX_NGINX_CONNECTIONS = 512, 4096

#: While one process waits for a file on a slow share, another one goes on.
MIN_NGINX_WORKERS = 2

#: The aliases of Kolibri's database, `default` and `default-serializable` (for sync). A thread may
#: keep a connection to each.
ALIASES = 2

#: Jobs at once, in only one of all instances: Kolibri's defaults of REGULAR_PRIORITY_WORKERS and
#: HIGH_PRIORITY_WORKERS (0.19.5). A sync uses both aliases; a channel import uses Django's
#: connection and one of SQLAlchemy.
JOB_THREADS = 4 + 2
JOB_CONNECTIONS = JOB_THREADS * 2

#: Connections of the workers' process besides its jobs: one for the lease, one to look for jobs.
WORKER_CONNECTIONS = 2

#: Connections of the doctor's regular examinations, for the plugin's table.
DOCTOR_CONNECTIONS = 1

#: Temporary connections. A start opens one for the start lock, one for the plugin's table, and
#: Django's. A doctor's examination opens its own, Django's and SQLAlchemy's. Commands in a shell
#: open some too.
START_CONNECTIONS = 3

#: Connections of each process that test whether the database answers.
HEALTH_CONNECTIONS = 1


#: Passwords that are checked per second and CPU. A check takes 50 ms, so most of each CPU is left.
PASSWORD_CHECKS = 4


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of all parts.

    :param processes: gunicorn's processes for the app.
    :param threads: threads of each of them.
    :param zipcontent_processes: gunicorn's processes for zip content.
    :param zipcontent_threads: threads of each of them.
    :param nginx_workers: processes of nginx.
    :param nginx_connections: connections of each of them.
    :param password_checks: passwords that are checked per second.
    :param process_memory: bytes at which a gunicorn process is replaced by a new one.
    :param connections: the most database connections that this instance opens, without its jobs.
    """

    processes: int
    threads: int
    zipcontent_processes: int
    zipcontent_threads: int
    nginx_workers: int
    nginx_connections: int
    password_checks: int
    process_memory: int
    connections: int

    @property
    def all_threads(self) -> int:
        """Threads that serve the app."""
        return self.processes * self.threads


def sizes(limits: Limits, settings: ImageSettings, instances: int) -> Sizes:
    """The sizes for a container.

    :param instances: the instances of the deployment, which share the database. The templates also
        count those of a slot, to allow for a swap.
    :raises SettingsError: when the database has too few connections for a single thread.
    """
    cpus = max(1, settings.cpus or math.ceil(limits.cpus))
    memory = settings.memory * MEGABYTE or limits.memory
    for_processes = max(1, (memory - BASE_MEMORY) // PROCESS_MEMORY)
    share = (settings.max_connections - JOB_CONNECTIONS) // instances
    for_threads = (share - fixed_connections(0)) // (ALIASES + HEALTH_CONNECTIONS)
    processes = settings.processes or max(
        1, min(max(cpus, MIN_PROCESSES), for_processes, for_threads)
    )
    most = (share - fixed_connections(processes)) // ALIASES // processes
    if most < 1:
        raise _too_few_connections(settings, instances, processes)
    wanted = math.ceil(settings.threads / processes) or MAX_THREADS
    threads = min(wanted, most)
    return Sizes(
        processes=processes,
        threads=threads,
        zipcontent_processes=settings.zipcontent_processes
        or max(1, min(cpus // 2, for_processes // 2)),
        zipcontent_threads=settings.zipcontent_threads,
        nginx_workers=settings.nginx_workers
        or min(max(cpus, MIN_NGINX_WORKERS), MAX_NGINX_WORKERS),
        nginx_connections=settings.nginx_connections
        or min(max(memory // MEGABYTE, MIN_NGINX_CONNECTIONS), MAX_NGINX_CONNECTIONS),
        password_checks=cpus * PASSWORD_CHECKS,
        process_memory=min(
            MAX_PROCESS_MEMORY, max(2 * PROCESS_MEMORY, (memory - BASE_MEMORY) // processes)
        ),
        connections=fixed_connections(processes) + processes * threads * ALIASES,
    )


def fixed_connections(processes: int) -> int:
    """Connections of one instance, without those of its jobs and serving threads."""
    kept = WORKER_CONNECTIONS + DOCTOR_CONNECTIONS
    return kept + START_CONNECTIONS + processes * HEALTH_CONNECTIONS


def _too_few_connections(settings: ImageSettings, instances: int, processes: int) -> SettingsError:
    needed = JOB_CONNECTIONS + instances * (fixed_connections(processes) + processes * ALIASES)
    return SettingsError(
        "There are too few database connections for the instances.",
        expected=f"{needed} or more for {instances} instances",
        found=f"KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS is {settings.max_connections}",
        remedy="Use a larger database server, or fewer instances, and set both (or fewer "
        "processes, where KOLIBRI_CONTAINER_PROCESSES is set):\n"
        + set_app_settings(
            "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS=NUMBER", "KOLIBRI_AZURE_INSTANCES=NUMBER"
        ),
        code="container-connections",
    )
