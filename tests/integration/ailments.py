"""For every check, at least one real deployment that it reports a problem for."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Mapping
from typing import Any

import kolibri

from devtools.deployment import LEARNER
from devtools.ports import free_port
from tests.fuse import require_fuse

from . import ailing_databases, ailing_images, ailing_shares, faulty_databases, planted_backups
from .changed import CORRECTNESS, SAFETY, changed
from .patient import Patient
from .planted import PLANTED, Plant, World, environment, share

_PLANTS = {planted.name: planted.plant for planted in PLANTED}

DAY = 86400.0


@dataclasses.dataclass(frozen=True)
class Ailment:
    """A problem that a check must find.

    :param check: its id, without ``azure.``.
    :param variant: distinguishes a second ailment of the same check.
    :param limits: constants of the plugin that are lower for this run.
    """

    check: str
    status: str
    plant: Plant
    variant: str = ""
    limits: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"azure.{self.check}"

    @property
    def name(self) -> str:
        return f"{self.id}--{self.variant}" if self.variant else self.id


def planted(name: str) -> Plant:
    """One of the faults in the tests of start-up."""
    return _PLANTS[name]


def secret(name: str, value: str, *, ends_in: float | None = None) -> Plant:
    """Another value for a secret."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        expires = None if ends_in is None else time.time() + ends_in
        world.azure.set_secret(name, value, expires=expires)
        yield

    return plant


@contextlib.contextmanager
def nothing(_world: World) -> Iterator[None]:
    yield


@contextlib.contextmanager
def no_database_token(world: World) -> Iterator[None]:
    world.deployment.environment["KOLIBRI_AZURE_DATABASE_AUTH"] = "entra"
    world.azure.fail("identity", "not-ready")
    yield


@contextlib.contextmanager
def secret_that_ends_tomorrow(world: World) -> Iterator[None]:
    world.azure.set_secret(
        "kolibri-database-url", world.deployment.database_url, expires=time.time() + 1.5 * DAY
    )
    yield


@contextlib.contextmanager
def unverified(world: World) -> Iterator[None]:
    for name in ("MODE", "ROOT_CERT"):
        world.deployment.environment.pop(f"KOLIBRI_AZURE_DATABASE_SSL_{name}")
    yield


@contextlib.contextmanager
def missing_setup_settings(patient: Patient) -> Iterator[None]:
    patient.new_database(f"OWNER {patient.deployment.user}")
    patient.deployment.environment.pop("KOLIBRI_AZURE_FACILITY_NAME")
    yield


@contextlib.contextmanager
def same_content_origin(patient: Patient) -> Iterator[None]:
    patient.deployment.environment.update(
        KOLIBRI_AZURE_ALLOWED_HOSTS="kolibri.example.org",
        KOLIBRI_ZIP_CONTENT_ORIGIN="https://kolibri.example.org",
    )
    yield


@contextlib.contextmanager
def unresponsive_content_origin(patient: Patient) -> Iterator[None]:
    patient.deployment.environment["KOLIBRI_ZIP_CONTENT_ORIGIN"] = f"http://127.0.0.1:{free_port()}"
    yield


@contextlib.contextmanager
def unintended_sign_up(patient: Patient) -> Iterator[None]:
    patient.run_sql("UPDATE kolibriauth_facilitydataset SET learner_can_sign_up = true")
    yield


@contextlib.contextmanager
def learners_without_a_password(patient: Patient) -> Iterator[None]:
    patient.run_sql(
        "UPDATE kolibriauth_facilitydataset SET learner_can_login_with_no_password = true"
    )
    yield


@contextlib.contextmanager
def account_awaiting_password(patient: Patient) -> Iterator[None]:
    patient.run_sql(
        "UPDATE kolibriauth_facilityuser SET password = 'NOT_SPECIFIED' "
        f"WHERE username = '{LEARNER}'"
    )
    yield


@contextlib.contextmanager
def no_backup(patient: Patient) -> Iterator[None]:
    planted_backups.folder_of(patient.deployment)
    yield


@contextlib.contextmanager
def old_backup(patient: Patient) -> Iterator[None]:
    planted_backups.plant(planted_backups.folder_of(patient.deployment), hours=80)
    yield


@contextlib.contextmanager
def dead_backups(patient: Patient) -> Iterator[None]:
    require_fuse()
    folder = planted_backups.folder_of(patient.deployment)
    patient.deployment.more_shares.append(("dead", folder, folder))
    yield


@contextlib.contextmanager
def plugin_off(patient: Patient) -> Iterator[None]:
    del patient.deployment.environment["KOLIBRI_PLUGIN_ENABLE"]
    yield


AILMENTS = (
    Ailment("identity.endpoint", "fail", planted("the identity endpoint refuses connections")),
    Ailment(
        "identity.vault_token",
        "fail",
        planted("the identity endpoint does not recognise the identity"),
    ),
    Ailment("identity.database_token", "fail", no_database_token),
    Ailment(
        "vault.reachable", "fail", planted("the vault's certificate is from an untrusted authority")
    ),
    Ailment("vault.secrets", "fail", planted("a secret is disabled")),
    Ailment("vault.expiry", "warn", secret_that_ends_tomorrow),
    Ailment("database.url", "fail", planted("the URL sets a weak sslmode")),
    Ailment("database.name", "fail", planted("PostgreSQL's name is unknown")),
    Ailment("database.port", "fail", planted("PostgreSQL refuses connections")),
    Ailment("database.tls", "fail", planted("PostgreSQL offers no TLS")),
    Ailment("database.tls", "warn", unverified, "unverified"),
    Ailment("database.tls", "warn", ailing_databases.certificate_that_ends_soon, "ends-soon"),
    Ailment("database.sign_in", "fail", planted("the password is wrong")),
    Ailment("database.encryption", "fail", ailing_databases.pooler_that_ends_tls),
    Ailment("database.rights", "fail", ailing_databases.empty_foreign_database),
    Ailment("database.rights", "fail", ailing_databases.empty_azure_database, "empty"),
    Ailment("database.rights", "fail", faulty_databases.of_azure, "with-data"),
    Ailment("database.rights", "fail", ailing_databases.no_temporary_tables, "temporary"),
    Ailment("database.owner", "warn", ailing_databases.foreign_database),
    Ailment("database.owner", "fail", ailing_databases.foreign_tables, "tables"),
    Ailment(
        "database.version", "warn", nothing,
        limits={"doctor.checks.database_health.OLDEST_SUPPORTED": 99},
    ),
    Ailment("database.encoding", "fail", ailing_databases.wrong_encoding),
    Ailment("database.clock", "warn", ailing_databases.server_clock_ahead),
    Ailment(
        "database.connections", "warn", environment(KOLIBRI_CHERRYPY_THREAD_POOL="120")
    ),
    Ailment("database.round_trip", "warn", ailing_databases.far_server),
    Ailment(
        "database.size", "warn", nothing, limits={"doctor.checks.database_health.LARGE": 2**20}
    ),
    Ailment(
        "database.transactions", "warn", ailing_databases.open_transaction,
        limits={"doctor.checks.database_health.LONG_TRANSACTION": 0},
    ),
    Ailment("database.migrations", "warn", ailing_databases.empty_database),
    Ailment("database.migrations", "fail", ailing_databases.newer_database, "newer"),
    Ailment("content.mount", "fail", share("")),
    Ailment("content.mount", "fail", ailing_shares.unreachable_share, "no_way"),
    Ailment("content.mount", "fail", planted("the share is read-only"), "read_only"),
    Ailment("content.access", "fail", planted("the share is dead")),
    Ailment("content.access", "fail", ailing_shares.share_without_room, "full"),
    Ailment("content.access", "fail", planted("the share hangs"), "hangs"),
    Ailment("content.access", "warn", nothing, "slow", {"doctor.checks.content.SLOW_FILE": 0.0}),
    Ailment(
        "content.throughput", "warn", nothing, limits={"doctor.checks.content.SLOW_THROUGHPUT": 1e9}
    ),
    Ailment("content.space", "warn", ailing_shares.full_share),
    Ailment("content.account", "fail", ailing_shares.another_share),
    Ailment("content.media", "fail", environment(KOLIBRI_AZURE_INSTANCES="2")),
    Ailment("content.media_access", "fail", ailing_shares.hanging_media),
    Ailment("content.databases", "warn", ailing_shares.lost_channel),
    Ailment("content.files", "warn", ailing_shares.lost_file),
    Ailment(
        "kolibri.version", "fail", nothing,
        limits={"configuration.preconditions.OLDEST_KOLIBRI": (0, 19, 99)},
    ),
    Ailment("kolibri.plugin", "fail", plugin_off),
    Ailment("kolibri.settings", "fail", environment(KOLIBRI_AZURE_INSTANCES="several")),
    Ailment("kolibri.origins", "fail", same_content_origin),
    Ailment(
        "kolibri.origins", "fail", environment(KOLIBRI_ZIP_CONTENT_ORIGIN="kolibri"), "malformed"
    ),
    Ailment(
        "kolibri.origins", "warn",
        environment(WEBSITE_SITE_NAME="kolibri", WEBSITE_RESOURCE_GROUP="school"), "none",
    ),
    Ailment("kolibri.secret_key", "fail", secret("kolibri-secret-key", "too-short")),
    Ailment("kolibri.start", "fail", environment(KOLIBRI_HTTP_PORT="eighty")),
    Ailment("kolibri.debug", "fail", environment(KOLIBRI_DEBUG="True")),
    Ailment("kolibri.https", "warn", environment(KOLIBRI_AZURE_HTTPS_PROXY="false")),
    Ailment("kolibri.hosts", "warn", nothing),
    Ailment("kolibri.zip_content", "warn", unresponsive_content_origin),
    Ailment("kolibri.provisioned", "fail", missing_setup_settings),
    Ailment("kolibri.provisioned", "warn", ailing_databases.empty_database, "fresh"),
    Ailment("kolibri.patches", "fail", changed(SAFETY)),
    Ailment(
        "kolibri.patches", "warn",
        changed(SAFETY, KOLIBRI_AZURE_ACCEPT_CHANGED_KOLIBRI=kolibri.__version__), "accepted",
    ),
    Ailment("kolibri.patches", "warn", changed(CORRECTNESS), "correctness"),
    Ailment("kolibri.accounts", "warn", unintended_sign_up),
    Ailment("kolibri.accounts", "warn", learners_without_a_password, "no-password"),
    Ailment("kolibri.accounts", "warn", account_awaiting_password, "not-specified"),
    Ailment("kolibri.notifications", "warn", ailing_databases.notification("'infinity'")),
    Ailment(
        "kolibri.notifications", "warn",
        ailing_databases.notification("now() - interval '20 minutes'"), "waiting",
    ),
    Ailment("kolibri.housekeeping", "warn", ailing_databases.late_housekeeping),
    Ailment("kolibri.housekeeping", "warn", ailing_databases.no_workers, "no-workers"),
    Ailment("kolibri.backups", "warn", no_backup),
    Ailment("kolibri.backups", "warn", old_backup, "old"),
    Ailment("kolibri.backups", "warn", environment(KOLIBRI_AZURE_BACKUP_KEEP="7"), "no-folder"),
    Ailment("kolibri.backups", "warn", dead_backups, "dead"),
    Ailment("kolibri.channels", "warn", environment(KOLIBRI_AZURE_CHANNELS="mathematics")),
    Ailment("kolibri.channels", "warn", ailing_databases.unknown_channel, "unknown"),
    Ailment("kolibri.channels", "warn", ailing_databases.channel_without_room, "no-room"),
    Ailment(
        "platform.app_service", "warn",
        environment(WEBSITE_SITE_NAME="kolibri", WEBSITE_RESOURCE_GROUP="school",
                    KOLIBRI_AZURE_STARTUP_TIMEOUT="600"),
    ),
    Ailment(
        "platform.memory", "warn", nothing, limits={"doctor.checks.platform.MIN_MEMORY": 2**60}
    ),
    Ailment("platform.disk", "warn", ailing_shares.full_home),
    Ailment("platform.time_zone", "warn", environment(TZ="Mars/Olympus")),
    Ailment("platform.image_age", "warn", ailing_images.old_image_on_app_service),
    Ailment("platform.image_age", "warn", ailing_images.image_without_a_record, "untold"),
    Ailment("platform.instances", "warn", ailing_databases.two_running_instances),
)  # fmt: skip
