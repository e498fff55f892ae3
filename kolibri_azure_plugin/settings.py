"""The table of every setting.

Each field of :class:`Settings` is one row of the table: its name, type, default and help. The
option spec of options.ini, the environment variables and docs/settings.md all come from here.

No field holds a secret: the ones that end in ``_secret`` hold a secret's name.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

from kolibri_azure_plugin.settings_table import Row, Value, read

#: The section of options.ini that holds the plugin's settings.
SECTION = "Azure"

#: The sslmodes of libpq that can't be talked out of encryption, weakest first.
ACCEPTED_SSL_MODES = ("require", "verify-ca", "verify-full")

PRODUCTION = "production"
TEST = "test"

APP = "app"
ZIP_CONTENT = "zipcontent"


def _row(default: Value, text: str, **details: typing.Any) -> typing.Any:
    return dataclasses.field(default=default, metadata={"help": text, **details})


@dataclasses.dataclass(frozen=True)
class Settings:
    """Every setting, with the value in force."""

    key_vault_url: str = _row(
        "",
        "Address of the Key Vault, https://NAME.vault.azure.net. "
        "Empty: secrets come from the environment.",
    )
    client_id: str = _row(
        "",
        "Client id of a user-assigned managed identity. Empty: the system-assigned one.",
        fallbacks=("AZURE_CLIENT_ID",),
    )
    database_url_secret: str = _row(
        "kolibri-database-url",
        "Name of the secret that holds the database URL.",
        secret="The database URL, postgresql://USER:PASSWORD@HOST/DATABASE, with special "
        "characters percent-encoded; without the password in entra mode.",
    )
    database_password_secret: str = _row(
        "kolibri-database-password",
        "Name of the secret that holds the database password where there is no database URL.",
        secret="The password that belongs to KOLIBRI_DATABASE_HOST, _PORT, _NAME and _USER.",
    )
    secret_key_secret: str = _row(
        "kolibri-secret-key",
        "Name of the secret that replaces Kolibri's public SECRET_KEY.",
        secret="Django's secret key: 32 random characters or more, the same on all instances.",
    )
    database_auth: str = _row(
        "password",
        "How to sign in to PostgreSQL. With entra a token of the managed identity is the "
        "password, and there is none anywhere.",
        choices=("password", "entra"),
    )
    database_ssl_mode: str = _row(
        "require",
        "require encrypts, verify-ca also verifies PostgreSQL's certificate, verify-full also "
        "its host name. Nothing weaker is accepted.",
        choices=ACCEPTED_SSL_MODES,
    )
    database_ssl_root_cert: str = _row(
        "",
        "File with the certificate authorities that may sign PostgreSQL's certificate. "
        "Empty: with verify-ca and verify-full, the system's bundle.",
        fallbacks=("KOLIBRI_DATABASE_SSL_ROOT_CERT",),
    )
    database_conn_max_age: int = _row(
        600, "Seconds that a database connection is kept open for the next request."
    )
    content_mount: str = _row(
        "/data/content",
        "Folder at which the Azure Files share with the content is mounted. "
        "Kolibri's CONTENT_DIR follows it.",
    )
    content_share: str = _row(
        "",
        "The content share as ACCOUNT/SHARE. When given, the share is also asked through the "
        "storage SDK, and both views must agree.",
    )
    mount_types: tuple[str, ...] = _row(
        ("cifs", "nfs4"), "File system types that count as the share, comma separated."
    )
    import_patience: int = _row(
        600,
        "Seconds that an import waits for the content share when it goes away in the middle. After "
        "that the task fails and says how to go on.",
        minimum=0,
    )
    allowed_hosts: tuple[str, ...] = _row(
        (),
        "Host names that the site answers to, comma separated; they are its trusted CSRF "
        "origins too. Empty: App Service's own host name, and any name elsewhere.",
        fallbacks=("WEBSITE_HOSTNAME",),
    )
    https_proxy: bool = _row(
        True,
        "A proxy in front ends TLS and sets X-Forwarded-Proto, as App Service does: the header "
        "is trusted, and cookies travel over https only.",
    )
    instances: int = _row(
        1,
        "How many instances of this deployment run at once. With more than one, uploads and "
        "exports need a share of their own, mounted at KOLIBRI_HOME/media.",
        minimum=1,
    )
    redis_url_secret: str = _row(
        "kolibri-redis-url",
        "Name of the secret that holds the address of a Redis, where there is one.",
        secret="Optional. The address of a Redis that all instances share as their cache, "
        "rediss://:PASSWORD@HOST:PORT. Without it, PostgreSQL is the shared cache.",
    )
    redis_ssl_root_cert: str = _row(
        "",
        "File with the certificate authorities that may sign the certificate of Redis. "
        "Empty: the system's bundle.",
    )
    facility_name: str = _row(
        "", "Name of the facility that a fresh deployment is set up with, before it serves anybody."
    )
    facility_preset: str = _row(
        "nonformal",
        "What a fresh facility is for; it decides, for example, whether learners may change their "
        "names. The next two settings go before it.",
        choices=("formal", "nonformal", "informal"),
    )
    learner_can_sign_up: bool = _row(
        False,
        "Anybody may make an account in a fresh facility, whatever its preset. Afterwards it is "
        "decided in Kolibri, at Facility, Settings.",
    )
    learner_can_login_by_name: bool = _row(
        False,
        "Learners of a fresh facility sign in with their user name alone, without a password, "
        "whatever its preset. Afterwards it is decided in Kolibri, at Facility, Settings.",
    )
    language: str = _row(
        "en", "Language of a fresh deployment, as Kolibri names it, such as en, fr-fr or sw-tz."
    )
    superuser_name: str = _row("", "User name of the administrator of a fresh deployment.")
    superuser_password_secret: str = _row(
        "kolibri-superuser-password",
        "Name of the secret that holds the first password of that administrator.",
        secret="The first password of the administrator of a fresh deployment, 8 characters or "
        "more. Not read again once the deployment is set up.",
    )
    log_format: str = _row(
        "text",
        "How log lines look on stdout: text for people, json for machines. One line per event.",
        choices=("text", "json"),
    )
    check_interval: int = _row(
        900,
        "Seconds between two examinations that the doctor makes by itself. Their outcomes are log "
        "lines, and the newest report is kept in the database. 0: it examines only when asked.",
    )
    workers: bool = _row(
        True,
        "Run Kolibri's background workers beside `kolibri start` and `kolibri services`, while no "
        "other instance does. Off: an instance that only serves.",
    )
    startup_timeout: int = _row(
        120, "Seconds that a start waits for what may still be coming up.", minimum=1
    )
    deployment: str = _row(
        PRODUCTION,
        "test permits SQLite and an unmounted content folder, and says so at every start.",
        choices=(PRODUCTION, TEST),
    )
    role: str = _row(
        APP,
        "What a process is for. zipcontent: it only serves interactive content (HTML5, H5P, Bloom) "
        "from the share, on an origin of its own, without a database, a vault or an identity. The "
        "image sets it where it belongs.",
        choices=(APP, ZIP_CONTENT),
    )
    accept_changed_kolibri: str = _row(
        "",
        "A version of Kolibri, such as 0.19.6, that starts although it has changed a function by "
        "which this plugin keeps data safe. What the plugin would change there is left out; each "
        "start and the doctor say what may be lost or exposed. Empty: it does not start.",
    )
    #: For each field, where its value comes from.
    sources: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def is_test(self) -> bool:
        """True when data may be lost: SQLite and an unmounted content folder are permitted."""
        return self.deployment == TEST

    @property
    def serves_zip_content_only(self) -> bool:
        """True for the server of interactive content, which has no database and no secret."""
        return self.role == ZIP_CONTENT


def rows() -> Iterator[tuple[str, Row]]:
    """Each setting of the table with the field of :class:`Settings` that holds its value."""
    for field in dataclasses.fields(Settings):
        if field.metadata:
            default = typing.cast(Value, field.default)
            yield field.name, Row(f"AZURE_{field.name.upper()}", default, **field.metadata)


def load(environ: Mapping[str, str], options: Mapping[str, typing.Any]) -> Settings:
    """Read every setting.

    :param environ: the environment.
    :param options: section ``[Azure]`` of options.ini as it stands in the file.
    :raises SettingsError: naming every setting that can't be used.
    """
    values, sources = read(rows(), environ, options)
    return Settings(**typing.cast("dict[str, typing.Any]", values), sources=sources)
