"""Is the PostgreSQL that Kolibri signed in to fit for it?"""

from __future__ import annotations

import os
import statistics
import time

from kolibri_azure_plugin.checks.model import Outcome, Registry, Scope, failed, passed, warned
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.database.failures import SERVER
from kolibri_azure_plugin.database.ownership import examine
from kolibri_azure_plugin.database.ownership_remedies import copy
from kolibri_azure_plugin.instances import installed_version
from kolibri_azure_plugin.instances.state import TABLE, State

CHECKS = Registry("database")

SIGNED_IN = ("database.sign_in",)

#: The oldest that the community still mends.
#: https://www.postgresql.org/support/versioning/
OLDEST_SUPPORTED = 14

#: Seconds between the two clocks at which sync and sessions go wrong.
CLOCK_TOLERANCE = 5.0

#: Milliseconds of a round trip at which pages, with dozens of them, get slow.
SLOW_ROUND_TRIP = 10.0

#: Bytes of the smallest storage that Azure Database for PostgreSQL has, and what is near to it.
#: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-storage
SMALLEST_STORAGE = 32 * 2**30
LARGE = SMALLEST_STORAGE * 3 // 4

#: A setting of the image, see docs/container.md.
LIMIT_OF_THE_IMAGE = "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS"

#: Minutes after which a transaction keeps PostgreSQL from cleaning up.
LONG_TRANSACTION = 5


@CHECKS.check(
    "version",
    "The server's version is supported.",
    scope=Scope.DEPLOYMENT,
    requires=SIGNED_IN,
    advisory=True,
)
def version(subject: Subject) -> Outcome:
    number = int(subject.value("SHOW server_version_num")) // 10000
    if number < OLDEST_SUPPORTED:
        return warned(
            f"PostgreSQL {number} is no longer mended.",
            cause=f"the community supports {OLDEST_SUPPORTED} and newer",
            remedy=f"{SERVER} upgrade -g GROUP -n SERVER --version 16",
            version=number,
        )
    return passed(f"PostgreSQL {number}.", version=number)


@CHECKS.check(
    "encoding", "The database stores every script.", scope=Scope.DEPLOYMENT, requires=SIGNED_IN
)
def encoding(subject: Subject) -> Outcome:
    kind, collation = subject.query(
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database"
        " WHERE datname = current_database()"
    )[0]
    if kind == "UTF8":
        return passed(f"UTF8, collation {collation}.", encoding=kind, collation=collation)
    database = subject.database.config.name
    return failed(
        f"Database {database} is encoded in {kind}.",
        cause="names in most languages of Kolibri can't be stored",
        remedy=f"Copy {copy(examine(subject.session))}",
        encoding=kind,
        collation=collation,
    )


@CHECKS.check(
    "clock",
    "The clocks of Kolibri and the server agree.",
    scope=Scope.INSTANCE,
    requires=SIGNED_IN,
    advisory=True,
)
def clock(subject: Subject) -> Outcome:
    before = time.time()
    there = float(subject.value("SELECT extract(epoch FROM clock_timestamp())"))
    difference = round(there - (before + time.time()) / 2, 2)
    if abs(difference) > CLOCK_TOLERANCE:
        return warned(
            f"The server's clock is {difference:+} s off from this machine's.",
            cause="sessions end early or late, and sync takes old data for new",
            remedy="Set the clock of this machine: timedatectl set-ntp true",
            difference_s=difference,
        )
    return passed(f"{abs(difference)} s apart.", difference_s=difference)


@CHECKS.check(
    "connections",
    "The server has connections for every thread of every instance.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in", "kolibri.start"),
    advisory=True,
)
def connections(subject: Subject) -> Outcome:
    limit, reserved, used = subject.query(
        "SELECT current_setting('max_connections')::int,"
        " current_setting('superuser_reserved_connections')::int, count(*)"
        " FROM pg_stat_activity WHERE backend_type = 'client backend'"
    )[0]
    instances = subject.context.settings.instances
    wanted = _limit_of_the_image() or instances * _threads()
    measurements = {"max_connections": limit, "used": used, "wanted": wanted}
    if wanted > limit - reserved:
        return warned(
            f"{instances} instances may want {wanted} of {limit - reserved} connections.",
            cause="each thread keeps a connection; the one that finds none fails its request",
            remedy=f"Let them want fewer ({LIMIT_OF_THE_IMAGE} in the image, "
            "KOLIBRI_CHERRYPY_THREAD_POOL elsewhere), or use a larger server:\n"
            f"{SERVER} update -g GROUP -n SERVER --sku-name SKU",
            **measurements,
        )
    return passed(
        f"{used} in use, {wanted} wanted at most, {limit - reserved} there.", **measurements
    )


def _limit_of_the_image() -> int:
    """What all instances together may want in the image, which sizes itself by it; 0 elsewhere."""
    text = os.environ.get(LIMIT_OF_THE_IMAGE, "")
    return int(text) if text.isdecimal() else 0


def _threads() -> int:
    """Threads of one instance that may hold a connection, of the web server and the workers."""
    from kolibri.utils.conf import OPTIONS

    workers = (
        OPTIONS["Tasks"]["REGULAR_PRIORITY_WORKERS"],
        OPTIONS["Tasks"]["HIGH_PRIORITY_WORKERS"],
    )
    return int(OPTIONS["Server"]["CHERRYPY_THREAD_POOL"]) + sum(workers)


@CHECKS.check(
    "round_trip",
    "The server answers fast.",
    scope=Scope.INSTANCE,
    requires=SIGNED_IN,
    advisory=True,
)
def round_trip(subject: Subject) -> Outcome:
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        subject.query("SELECT 1")
        times.append((time.perf_counter() - begun) * 1000)
    median = round(statistics.median(times), 2)
    # The fastest shows the distance; the others, how busy both ends are at the moment.
    fastest = round(min(times), 2)
    if fastest > SLOW_ROUND_TRIP:
        return warned(
            f"A round trip takes {median} ms.",
            cause="a page makes dozens of them; app and server may be in different regions",
            remedy=f"{SERVER} show -g GROUP -n SERVER --query location\n"
            "az webapp show -g GROUP -n APP --query location",
            median_ms=median,
            fastest_ms=fastest,
        )
    return passed(f"{median} ms a round trip.", median_ms=median, fastest_ms=fastest)


@CHECKS.check(
    "size",
    "The database fits into the smallest storage.",
    scope=Scope.DEPLOYMENT,
    requires=SIGNED_IN,
    advisory=True,
)
def size(subject: Subject) -> Outcome:
    used = int(subject.value("SELECT pg_database_size(current_database())"))
    message = f"{used / 2**20:.0f} MiB."
    if used > LARGE:
        return warned(
            message,
            cause="a server whose storage is full takes no writes any more; it starts with "
            f"{SMALLEST_STORAGE / 2**30:.0f} GiB",
            remedy="See whether storage grows by itself, and let it:\n"
            f"{SERVER} show -g GROUP -n SERVER --query storage\n"
            f"{SERVER} update -g GROUP -n SERVER --storage-auto-grow Enabled",
            bytes=used,
        )
    return passed(message, bytes=used)


@CHECKS.check(
    "transactions",
    "No transaction has been open for long.",
    scope=Scope.DEPLOYMENT,
    requires=SIGNED_IN,
    advisory=True,
)
def transactions(subject: Subject) -> Outcome:
    seconds, pid = (
        *subject.query(
            "SELECT extract(epoch FROM now() - xact_start)::int, pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
        ),
        (0, 0),
    )[0]
    if seconds > LONG_TRANSACTION * 60:
        return warned(
            f"A transaction has been open for {seconds // 60} minutes.",
            cause="it keeps rows locked, and PostgreSQL from cleaning up",
            remedy=f"See what it does in pg_stat_activity, pid {pid}; when nothing needs it:\n"
            f"psql -c 'SELECT pg_terminate_backend({pid})'",
            longest_s=seconds,
        )
    return passed("None.", longest_s=seconds)


@CHECKS.check(
    "migrations",
    "The tables are those of this Kolibri.",
    scope=Scope.DEPLOYMENT,
    requires=("kolibri.start",),
    after=("database.sign_in", "database.owner"),
)
def migrations(subject: Subject) -> Outcome:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    if subject.wants_postgresql:
        _refuse_newer(subject)
    executor = MigrationExecutor(connection)
    due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = executor.loader.disk_migrations
    unknown = [
        f"{app}.{name}"
        for app, name in executor.loader.applied_migrations
        if app in executor.loader.migrated_apps and (app, name) not in known
    ]
    connection.close()
    if due:
        return warned(
            f"{len(due)} migrations are due.",
            cause="the database is empty or of an older Kolibri; a start brings it up to date",
            remedy="az webapp restart -g GROUP -n APP\nor, without a web server: "
            "kolibri configure setup",
            due=len(due),
        )
    return passed("All migrations are in place.", due=0, of_other_versions=sorted(unknown))


def _refuse_newer(subject: Subject) -> None:
    state = State(subject.session)
    if state.exists(TABLE):
        installed_version.refuse_newer(state)
