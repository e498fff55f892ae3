"""The database to use, from one URL or from Kolibri's plain database options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.configuration.secrets import Secrets, variable_of
from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.database.tls import tls_options
from kolibri_azure_plugin.errors import SecretError
from kolibri_azure_plugin.errors.debugging import is_true
from kolibri_azure_plugin.errors.redaction import remember
from kolibri_azure_plugin.errors.remedies import set_app_settings, set_secret

#: Kolibri's channel import uses the last part, ``postgresql``, as its SQLAlchemy dialect.
ENGINE = "kolibri_azure_plugin.database.postgresql"

SCHEMES = ("postgres", "postgresql", "pgsql")

#: The name of each connection of an instance in pg_stat_activity, or the beginning of it.
APPLICATION = "kolibri"

#: libpq parameters for every connection. A silently lost peer is noticed within a minute; Azure's
#: load balancers drop connections after four minutes of silence. GSS would bypass TLS.
CONNECTION_OPTIONS: Mapping[str, Any] = {
    "application_name": APPLICATION,
    "connect_timeout": 8,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "gssencmode": "disable",
}

#: libpq parameters that a URL may set. Others could bypass TLS or the sign-in.
URL_OPTIONS = frozenset(
    {"sslmode", "sslrootcert", "ssl_min_protocol_version", "target_session_attrs", "options"}
) | CONNECTION_OPTIONS.keys() - {"gssencmode"}


def uses_postgresql() -> bool:
    """True if Django uses PostgreSQL, not a test deployment's SQLite."""
    from django.conf import settings

    return bool(settings.DATABASES["default"]["ENGINE"] == ENGINE)


@dataclasses.dataclass(frozen=True)
class LoginSource:
    """The source of the login.

    :param secret: the secret's name; empty if the managed identity signs in to the database of
        Kolibri's plain options.
    :param is_url: True if the secret is a URL, which also names the database.
    """

    secret: str
    is_url: bool


@dataclasses.dataclass(frozen=True)
class Login:
    """A user name and a password."""

    user: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class DatabaseConfig:
    """A PostgreSQL database, without its password.

    :param secret: name of the secret with the login, if there is one.
    :param options: libpq parameters.
    :param from_url: True if that secret is a URL.
    """

    host: str
    port: str
    name: str
    user: str
    secret: str
    options: Mapping[str, Any]
    from_url: bool = False

    def django_settings(self, conn_max_age: int) -> dict[str, Any]:
        """An entry of DATABASES, without the password, which the backend adds."""
        return {
            "ENGINE": ENGINE,
            "HOST": self.host,
            "PORT": self.port,
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": "",
            "CONN_MAX_AGE": conn_max_age,
            "OPTIONS": dict(self.options),
        }

    def connection_parameters(self) -> dict[str, Any]:
        """The same database as libpq parameters."""
        parameters = {"host": self.host, "dbname": self.name, **self.options}
        return {**parameters, "port": self.port} if self.port else parameters


def login_source(deployment: Deployment, secrets: Secrets) -> LoginSource:
    """The source of this deployment's login: a URL, unless only plain options are set.

    :raises KolibriAzureError: when the vault can't be read to look for a URL.
    """
    settings = deployment.settings
    url = settings.database_url_secret
    plain = bool(deployment.option("Database", "DATABASE_HOST"))
    if not plain or secrets.find(url, optional=True) is not None:
        return LoginSource(url, is_url=True)
    if settings.database_auth == "entra":
        return LoginSource("", is_url=False)
    return LoginSource(settings.database_password_secret, is_url=False)


def read_config(deployment: Deployment, secrets: Secrets) -> tuple[DatabaseConfig, Login]:
    """The configured database, and the current login.

    :raises KolibriAzureError: when no database is configured, or the connection would be unsafe.
    """
    settings = deployment.settings
    requested = _plain_ssl_modes(deployment)
    source = login_source(deployment, secrets)
    if source.is_url:
        return parse_url(secrets.get(source.secret), settings, requested)
    password_secret = settings.database_password_secret
    if not source.secret and secrets.is_in_environment(password_secret):
        where = f"the environment variable {variable_of(password_secret)}"
        raise _unexpected_password(where, settings)
    login = Login(
        deployment.option("Database", "DATABASE_USER"),
        secrets.get(source.secret) if source.secret else "",
    )
    config = DatabaseConfig(
        host=deployment.option("Database", "DATABASE_HOST"),
        port=deployment.option("Database", "DATABASE_PORT"),
        name=deployment.option("Database", "DATABASE_NAME"),
        user=login.user,
        secret=password_secret,
        options={**CONNECTION_OPTIONS, **tls_options(settings, requested)},
    )
    _require_complete(config, login, settings, "KOLIBRI_DATABASE_HOST, _NAME and _USER")
    return config, login


def parse_url(
    url: str, settings: Settings, requested: Mapping[str, str] | None = None
) -> tuple[DatabaseConfig, Login]:
    """The database and the login in a URL.

    :param requested: sslmodes from other sources, by the source's name.
    """
    import dj_database_url

    where = f"secret {settings.database_url_secret}"
    if not url.strip().startswith(tuple(f"{scheme}://" for scheme in SCHEMES)):
        raise _unusable(where, f"it does not begin with {SCHEMES[1]}://", settings)
    try:
        _require_plain_url(url)
        parsed = dj_database_url.parse(url.strip())
    except ValueError:
        # The parser's own message may quote a part of the password.
        raise _unusable(where, "it is not a valid URL", settings) from None
    login = Login(parsed["USER"], parsed["PASSWORD"])
    remember(login.password)
    given = dict(parsed.get("OPTIONS", {}))
    refused = sorted(given.keys() - URL_OPTIONS)
    if refused:
        raise _unusable(where, f"its parameters {', '.join(refused)} are not accepted", settings)
    modes = dict(requested or {})
    if "sslmode" in given:
        modes[where] = str(given.pop("sslmode"))
    config = DatabaseConfig(
        host=parsed["HOST"],
        port=str(parsed["PORT"] or ""),
        name=parsed["NAME"],
        user=login.user,
        secret=settings.database_url_secret,
        options={**CONNECTION_OPTIONS, **tls_options(settings, modes), **given},
        from_url=True,
    )
    _require_complete(config, login, settings, where)
    return config, login


def _require_plain_url(url: str) -> None:
    """Detect a password that is not percent-encoded, which may still parse as a URL.

    :raises ValueError: when a part after the host contains characters of a password.
    """
    parts = urlsplit(url)
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError


def _plain_ssl_modes(deployment: Deployment) -> dict[str, str]:
    """The sslmodes of Kolibri's own option, and of KOLIBRI_DATABASE_SSL in older deployments.

    Kolibri may write its default, ``disable``, to options.ini, so that value counts only in the
    environment.
    """
    environ, modes = deployment.environ, {}
    mode = deployment.option("Database", "DATABASE_SSL_MODE") or "disable"
    if mode != "disable" or environ.get("KOLIBRI_DATABASE_SSL_MODE"):
        modes["KOLIBRI_DATABASE_SSL_MODE"] = mode
    wanted = environ.get("KOLIBRI_DATABASE_SSL", "").strip()
    if wanted:
        modes["KOLIBRI_DATABASE_SSL"] = "require" if is_true(wanted) else "disable"
    return modes


def _require_complete(config: DatabaseConfig, login: Login, settings: Settings, where: str) -> None:
    for part, value in (("host", config.host), ("database", config.name), ("user", config.user)):
        if not value:
            raise _unusable(where, f"it has no {part}", settings)
    if settings.database_auth == "entra" and login.password:
        raise _unexpected_password(where, settings)
    if settings.database_auth == "password" and not login.password:
        found = "it has no password, and KOLIBRI_AZURE_DATABASE_AUTH is password"
        raise _unusable(where, found, settings)


def _unexpected_password(where: str, settings: Settings) -> SecretError:
    return SecretError(
        "The database login contains a password, but KOLIBRI_AZURE_DATABASE_AUTH is entra.",
        expected="the identity's name and no password: "
        "postgresql://NAME_OF_THE_IDENTITY@HOST/DATABASE",
        found=f"a password in {where}",
        remedy="Remove the password: delete the variable, or set the URL without it:\n"
        f"{set_secret(settings.database_url_secret)}\n"
        "or sign in with the password:\n"
        + set_app_settings("KOLIBRI_AZURE_DATABASE_AUTH=password"),
        code="database-url",
    )


def _unusable(where: str, found: str, settings: Settings) -> SecretError:
    return SecretError(
        "The database can't be found from the settings.",
        expected="postgresql://USER:PASSWORD@HOST:5432/DATABASE, where special characters of "
        "the password are percent-encoded",
        found=f"{where}: {found}",
        remedy="Percent-encode the password, and set the secret again:\n"
        "python3 -c 'import getpass, urllib.parse as u; print(u.quote(getpass.getpass(), \"\"))'\n"
        + set_secret(settings.database_url_secret),
        code="database-url",
    )
