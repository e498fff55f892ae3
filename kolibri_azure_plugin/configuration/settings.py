"""The table of every setting.

Each field of :class:`Settings` is one row of the table, with its name, type, default and help. The
option spec of options.ini, the environment variables and docs/settings.md are all derived from it.

No field contains a secret. Fields that end in ``_secret`` contain a secret's name.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping

from kolibri_azure_plugin.configuration.table import Row, Value, read

#: The section of options.ini with the plugin's settings.
SECTION = "Azure"

#: The sslmodes of libpq that never fall back to an unencrypted connection, weakest first.
ACCEPTED_SSL_MODES = ("require", "verify-ca", "verify-full")

#: Django warns about shorter secret keys. Anyone who guesses the key can sign in as any user.
MIN_SECRET_KEY_LENGTH = 32

#: Anyone can try passwords on a public site.
MIN_PASSWORD_LENGTH = 8

PRODUCTION = "production"
TEST = "test"

APP = "app"
ZIP_CONTENT = "zipcontent"

#: Kolibri's WSGI module for the second origin, the only one allowed in the role `ZIP_CONTENT`.
ZIP_CONTENT_WSGI_MODULE = "kolibri.deployment.default.alt_wsgi"


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
    signing_key_secret: str = _row(
        "kolibri-secret-key",
        "Name of the secret that replaces Kolibri's public SECRET_KEY.",
        secret=f"Django's secret key: {MIN_SECRET_KEY_LENGTH} random characters or more, the same "
        "on all instances.",
    )
    database_auth: str = _row(
        "password",
        "How to sign in to PostgreSQL. With entra, a token of the managed identity replaces the "
        "password, and no password is stored anywhere.",
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
        "It is also the default of Kolibri's CONTENT_DIR.",
    )
    content_share: str = _row(
        "",
        "The content share as ACCOUNT/SHARE. If set, the plugin also accesses the share through "
        "the storage SDK, to check that this share is the mounted one.",
    )
    mount_types: tuple[str, ...] = _row(
        ("cifs", "nfs4"), "File system types that count as the share, comma separated."
    )
    channels: tuple[str, ...] = _row(
        (),
        "Channels that the first start imports: tokens of Kolibri Studio, or ids, comma "
        "separated. Later changes of this setting import what is new in it.",
    )
    backup_folder: str = _row(
        "",
        "Folder for backups of the database. Mount a separate share there. It must be outside of "
        "KOLIBRI_HOME and of the content. Empty: no backups.",
    )
    backup_keep: int = _row(
        0,
        "How many nightly backups to keep. 0: no nightly backups.",
    )
    upgrade_backup_megabytes: int = _row(
        10_000,
        "The largest database, in MB, that is backed up before an upgrade changes it. 0: none.",
    )
    upgrade_backup_timeout: int = _row(
        600,
        "Seconds that a backup before an upgrade may take. After that, the upgrade goes on without "
        "it.",
        minimum=1,
    )
    import_patience: int = _row(
        600,
        "Seconds that an import waits when the content share becomes unavailable. After that, the "
        "task fails and says how to continue.",
        minimum=0,
    )
    allowed_hosts: tuple[str, ...] = _row(
        (),
        "Host names that the site answers to, comma separated. They are also its trusted CSRF "
        "origins. Empty: on App Service, its own host name; elsewhere, any name.",
        fallbacks=("WEBSITE_HOSTNAME",),
    )
    https_proxy: bool = _row(
        True,
        "A proxy in front terminates TLS and sets X-Forwarded-Proto, as App Service does. Kolibri "
        "trusts the header, and sends cookies over https only.",
    )
    instances: int = _row(
        1,
        "How many instances of this deployment run at once. With more than one, uploads and "
        "exports need their own share, mounted at KOLIBRI_HOME/media.",
        minimum=1,
    )
    facility_name: str = _row(
        "", "Name of the facility that a fresh deployment creates before it serves any visitor."
    )
    facility_preset: str = _row(
        "nonformal",
        "Kind of a fresh facility. It decides, for example, whether learners may change their "
        "names. The next two settings override it.",
        choices=("formal", "nonformal", "informal"),
    )
    learner_can_sign_up: bool = _row(
        False,
        "Anyone may create an account in a fresh facility, whatever its preset. To change it "
        "later, open Facility, Settings in Kolibri.",
    )
    learner_can_login_by_name: bool = _row(
        False,
        "Learners of a fresh facility sign in with their user name alone, without a password, "
        "whatever its preset. To change it later, open Facility, Settings in Kolibri.",
    )
    language: str = _row(
        "en", "Language of a fresh deployment, as Kolibri names it, such as en, fr-fr or sw-tz."
    )
    superuser_name: str = _row("", "User name of the administrator of a fresh deployment.")
    superuser_password_secret: str = _row(
        "kolibri-superuser-password",
        "Name of the secret that holds the first password of that administrator.",
        secret="The first password of the administrator of a fresh deployment, "
        f"{MIN_PASSWORD_LENGTH} characters or more. Not read again once the deployment is set up.",
    )
    log_format: str = _row(
        "text",
        "How log lines look on stdout: text for people, json for machines. One line per event.",
        choices=("text", "json"),
    )
    check_interval: int = _row(
        900,
        "Seconds between the doctor's regular examinations. Their results are log lines, and the "
        "newest report is kept in the database. 0: the doctor runs only on request.",
    )
    workers: bool = _row(
        True,
        "Run Kolibri's background workers alongside `kolibri start` and `kolibri services`, while "
        "no other instance does. Off: the instance only serves visitors.",
    )
    startup_timeout: int = _row(
        120, "Seconds that a start waits for services that may still be starting.", minimum=1
    )
    deployment: str = _row(
        PRODUCTION,
        "test permits SQLite and an unmounted content folder, and logs a warning at every start.",
        choices=(PRODUCTION, TEST),
    )
    role: str = _row(
        APP,
        "Purpose of a process. zipcontent: it only serves interactive content (HTML5, H5P, Bloom) "
        "from the share, on its own origin, without a database, a vault or an identity. The image "
        "sets it where needed.",
        choices=(APP, ZIP_CONTENT),
    )
    accept_changed_kolibri: str = _row(
        "",
        "A version of Kolibri, such as 0.19.6, that may start although it has changed a function "
        "that this plugin patches to keep data safe. The plugin leaves out the patch; each start "
        "and the doctor say what may be lost or exposed. Empty: no such version starts.",
    )
    #: The source of each field's value.
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
    """Each setting of the table, with the field of :class:`Settings` for its value."""
    for field in dataclasses.fields(Settings):
        if field.metadata:
            default = typing.cast(Value, field.default)
            yield field.name, Row(f"AZURE_{field.name.upper()}", default, **field.metadata)


def environment_variable(field: str) -> str:
    """The environment variable that sets a field of :class:`Settings`."""
    return dict(rows())[field].variable


def load(environ: Mapping[str, str], options: Mapping[str, typing.Any]) -> Settings:
    """Read every setting.

    :param environ: the environment.
    :param options: section ``[Azure]`` of options.ini, unparsed.
    :raises SettingsError: naming every setting that can't be used.
    """
    values, sources = read(rows(), environ, options)
    return Settings(**typing.cast("dict[str, typing.Any]", values), sources=sources)
