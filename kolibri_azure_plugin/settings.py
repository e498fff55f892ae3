"""The table of every setting, and how one is read.

Each field of :class:`Settings` is one row of the table: its name, type, default and help. The
option spec of options.ini, the environment variables and docs/settings.md all come from here.
A value comes from the environment, else from section ``[Azure]`` of options.ini, else from its
default. An empty value counts as not set, because the Azure portal can't tell the two apart.

No field holds a secret: the ones that end in ``_secret`` hold a secret's name.
"""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Iterable, Iterator, Mapping

from kolibri_azure_plugin.errors import SettingsError

#: The section of options.ini that holds the plugin's settings.
SECTION = "Azure"

#: How App Service hands over a Key Vault reference that it could not resolve.
UNRESOLVED_REFERENCE = "@Microsoft.KeyVault("

#: The sslmodes of libpq that can't be talked out of encryption, weakest first.
ACCEPTED_SSL_MODES = ("require", "verify-ca", "verify-full")

PRODUCTION = "production"
TEST = "test"

APP = "app"
ZIP_CONTENT = "zipcontent"

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")

Value = typing.Union[str, int, bool, "tuple[str, ...]"]


@dataclasses.dataclass(frozen=True)
class Row:
    """What the table says of one setting.

    :param name: its name in options.ini.
    :param default: its default; the type of the default is the setting's type.
    :param choices: the only words accepted, where there are such.
    :param minimum: the smallest number accepted.
    :param fallbacks: environment variables that are asked when the setting is given nowhere.
    :param secret: what the secret holds, when the setting is the name of one.
    """

    name: str
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    fallbacks: tuple[str, ...] = ()
    secret: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"KOLIBRI_{self.name}"

    @property
    def kind(self) -> str:
        """The type, in an administrator's words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        return {str: "text", int: "number", bool: "true or false", tuple: "list"}[
            type(self.default)
        ]


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
        "What a fresh facility is for; it decides, for example, whether learners sign up "
        "themselves.",
        choices=("formal", "nonformal", "informal"),
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


def read(
    table: Iterable[tuple[str, Row]],
    environ: Mapping[str, str],
    options: Mapping[str, typing.Any],
    page: str = "docs/settings.md",
) -> tuple[dict[str, Value], dict[str, str]]:
    """The value of each field of a table, and where it comes from.

    :param page: lists the table.
    :raises SettingsError: naming every setting that can't be used.
    """
    values: dict[str, Value] = {}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for field, row in table:
        text, sources[field] = _find(row, environ, options)
        try:
            values[field] = row.default if text is None else _convert(row, text)
        except ValueError as error:
            problems.append(f"{row.variable} ({sources[field]}): {error}")
    if problems:
        raise SettingsError(
            "A setting can't be used.",
            expected=f"values as {page} lists them",
            found="\n".join(problems),
            remedy="az webapp config appsettings set -g GROUP -n APP --settings NAME=VALUE",
            code="setting-invalid",
        )
    return values, sources


def read_options_file(path: str | os.PathLike[str]) -> dict[str, dict[str, typing.Any]]:
    """The sections of an options.ini as they stand in the file; empty when there is none."""
    # Kolibri brings configobj along, and has read the same file with it when this runs.
    from configobj import ConfigObj

    parsed = ConfigObj(os.fspath(path), interpolation=False, encoding="utf-8")
    return {name: dict(section) for name, section in parsed.items() if isinstance(section, dict)}


def _find(
    row: Row, environ: Mapping[str, str], options: Mapping[str, typing.Any]
) -> tuple[typing.Any, str]:
    if environ.get(row.variable, "").strip():
        return environ[row.variable], "environment"
    if options.get(row.name):
        return options[row.name], "options.ini"
    for variable in row.fallbacks:
        if environ.get(variable, "").strip():
            return environ[variable], f"environment, {variable}"
    return None, "default"


def _convert(row: Row, given: typing.Any) -> Value:
    """A setting's text, or the list that options.ini made of it, as its type.

    :raises ValueError: with the reason in words.
    """
    if isinstance(row.default, tuple):
        parts = given if isinstance(given, list) else given.split(",")
        return tuple(part.strip() for part in parts if part.strip())
    text = ",".join(given) if isinstance(given, list) else given.strip()
    if text.startswith(UNRESOLVED_REFERENCE):
        raise ValueError("App Service could not resolve this Key Vault reference")
    if row.choices and text not in row.choices:
        raise ValueError(f"is {text!r}, but must be {row.kind}")
    if isinstance(row.default, bool):
        return _truth(text)
    if isinstance(row.default, int):
        return _number(text, row.minimum)
    return text


def _truth(text: str) -> bool:
    if text.lower() in TRUE_WORDS:
        return True
    if text.lower() in FALSE_WORDS:
        return False
    raise ValueError(f"is {text!r}, but must be true or false")


def _number(text: str, minimum: int) -> int:
    if not text.isdecimal() or int(text) < minimum:
        raise ValueError(f"is {text!r}, but must be a whole number of {minimum} or more")
    return int(text)
