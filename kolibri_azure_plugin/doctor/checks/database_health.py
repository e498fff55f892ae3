"""Is the PostgreSQL server fit for Kolibri?"""

from __future__ import annotations

import os
import statistics
import time

from kolibri_azure_plugin.database.failures import SERVER
from kolibri_azure_plugin.database.ownership import examine
from kolibri_azure_plugin.database.ownership_remedies import copy
from kolibri_azure_plugin.database.state import TABLE, State
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Outcome, failed, passed, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.remedies import RESTART
from kolibri_azure_plugin.errors.stopwatch import Stopwatch
from kolibri_azure_plugin.errors.wording import counted
from kolibri_azure_plugin.instances import installed_version

CHECKS = Registry("database")

SIGNED_IN = ("database.sign_in",)

#: The oldest version that the community still fixes; the last release of 14 was in November 2026.
#: https://www.postgresql.org/support/versioning/
OLDEST_SUPPORTED = 15

#: The difference of the two clocks in seconds above which sync and sessions go wrong.
CLOCK_TOLERANCE = 5.0

#: Milliseconds of a round trip above which pages are slow: a page makes dozens of them.
SLOW_ROUND_TRIP = 10.0

#: Bytes of the smallest storage that Azure Database for PostgreSQL offers, and most of it.
#: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-storage
SMALLEST_STORAGE = 32 * 2**30
LARGE = SMALLEST_STORAGE * 3 // 4

#: A setting of the image, see docs/container.md.
IMAGE_LIMIT_VARIABLE = "KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS"

#: Minutes after which an open transaction is reported.
LONG_TRANSACTION = 5


@CHECKS.check(
    "version",
    "The server's version is supported.",
    scope=Scope.DEPLOYMENT,
    requires=SIGNED_IN,
    advisory=True,
)
def version(ctx: CheckContext) -> Outcome:
    number = int(ctx.value("SHOW server_version_num")) // 10000
    if number < OLDEST_SUPPORTED:
        return warned(
            f"PostgreSQL {number} is no longer supported.",
            cause=f"the community supports {OLDEST_SUPPORTED} and newer",
            remedy=f"{SERVER} upgrade -g GROUP -n SERVER --version 16",
            version=number,
        )
    return passed(f"PostgreSQL {number}.", version=number)


@CHECKS.check(
    "encoding", "The database stores every script.", scope=Scope.DEPLOYMENT, requires=SIGNED_IN
)
def encoding(ctx: CheckContext) -> Outcome:
    kind, collation = ctx.query(
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database"
        " WHERE datname = current_database()"
    )[0]
    if kind == "UTF8":
        return passed(
            f"The encoding is UTF8, the collation {collation}.", encoding=kind, collation=collation
        )
    database = ctx.database.config.name
    return failed(
        f"Database {database} is encoded in {kind}.",
        cause="it can't store names in most of Kolibri's languages",
        remedy=f"Copy {copy(examine(ctx.session))}",
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
def clock(ctx: CheckContext) -> Outcome:
    before = time.time()
    there = float(ctx.value("SELECT extract(epoch FROM clock_timestamp())"))
    difference = round(there - (before + time.time()) / 2, 2)
    if abs(difference) > CLOCK_TOLERANCE:
        return warned(
            f"The server's clock is {difference:+} s off from this machine's.",
            cause="sessions expire early or late, and sync mistakes old data for new",
            remedy="Set the clock of this machine: timedatectl set-ntp true",
            difference_s=difference,
        )
    return passed(f"The clocks are {abs(difference)} s apart.", difference_s=difference)


@CHECKS.check(
    "connections",
    "The server has connections for every thread of every instance.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in", "kolibri.start"),
    advisory=True,
)
def connections(ctx: CheckContext) -> Outcome:
    limit, reserved, used = ctx.query(
        "SELECT current_setting('max_connections')::int,"
        " current_setting('superuser_reserved_connections')::int, count(*)"
        " FROM pg_stat_activity WHERE backend_type = 'client backend'"
    )[0]
    instances = ctx.context.settings.instances
    wanted = _image_limit() or instances * _threads()
    measurements = {"max_connections": limit, "used": used, "wanted": wanted}
    if wanted > limit - reserved:
        return warned(
            f"{counted(instances, 'instance')} may open {wanted} connections; "
            f"the server has {limit - reserved}.",
            cause="each thread keeps a connection; a request whose thread finds none fails",
            remedy=f"Allow fewer ({IMAGE_LIMIT_VARIABLE} in the image, "
            "KOLIBRI_CHERRYPY_THREAD_POOL elsewhere), or use a larger server:\n"
            f"{SERVER} update -g GROUP -n SERVER --sku-name SKU",
            **measurements,
        )
    return passed(
        f"{used} in use, at most {wanted} needed, {limit - reserved} available.", **measurements
    )


def _image_limit() -> int:
    """Connections of all instances together, as the image limits them; 0 elsewhere."""
    text = os.environ.get(IMAGE_LIMIT_VARIABLE, "")
    return int(text) if text.isdecimal() else 0


def _threads() -> int:
    """Threads of one instance, of web server and workers, that may keep a connection."""
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
def round_trip(ctx: CheckContext) -> Outcome:
    times = []
    for _ in range(10):
        stopwatch = Stopwatch()
        ctx.query("SELECT 1")
        times.append(stopwatch.milliseconds(3))
    median = round(statistics.median(times), 2)
    # The fastest shows the distance. The others show how busy both ends are now.
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
    return passed(f"A round trip takes {median} ms.", median_ms=median, fastest_ms=fastest)


@CHECKS.check(
    "size",
    "The database fits into the smallest storage.",
    scope=Scope.DEPLOYMENT,
    requires=SIGNED_IN,
    advisory=True,
)
def size(ctx: CheckContext) -> Outcome:
    used = int(ctx.value("SELECT pg_database_size(current_database())"))
    message = f"The database uses {used / 2**20:.0f} MiB."
    if used > LARGE:
        return warned(
            message,
            cause="a server with full storage accepts no writes; the smallest storage is "
            f"{SMALLEST_STORAGE / 2**30:.0f} GiB",
            remedy="Check whether storage grows automatically, and enable that:\n"
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
def transactions(ctx: CheckContext) -> Outcome:
    seconds, pid = (
        *ctx.query(
            "SELECT extract(epoch FROM now() - xact_start)::int, pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
        ),
        (0, 0),
    )[0]
    if seconds > LONG_TRANSACTION * 60:
        return warned(
            f"A transaction has been open for {seconds // 60} minutes.",
            cause="it keeps rows locked and prevents PostgreSQL from cleaning up",
            remedy=f"Look up pid {pid} in pg_stat_activity. If nothing needs the transaction:\n"
            f"psql -c 'SELECT pg_terminate_backend({pid})'",
            longest_s=seconds,
        )
    return passed(
        f"No transaction has been open for more than {LONG_TRANSACTION} minutes.",
        longest_s=seconds,
    )


@CHECKS.check(
    "migrations",
    "The tables are those of this Kolibri.",
    scope=Scope.DEPLOYMENT,
    requires=("kolibri.start",),
    after=("database.sign_in", "database.owner"),
)
def migrations(ctx: CheckContext) -> Outcome:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    if ctx.wants_postgresql:
        _refuse_newer(ctx)
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
            f"{counted(len(due), 'migration is', 'migrations are')} due.",
            cause="the database is empty or from an older Kolibri; the next start migrates it",
            remedy=f"{RESTART}\nor, without a web server: kolibri configure setup",
            due=len(due),
        )
    return passed("All migrations are applied.", due=0, of_other_versions=sorted(unknown))


def _refuse_newer(ctx: CheckContext) -> None:
    state = State(ctx.session)
    if state.exists(TABLE):
        installed_version.refuse_newer(state)
