"""Which database to use: from one URL, or from Kolibri's plain database options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kolibri_azure_plugin.database.tls import tls_options
from kolibri_azure_plugin.errors import SecretError
from kolibri_azure_plugin.redaction import remember
from kolibri_azure_plugin.secrets import Secrets, variable_of
from kolibri_azure_plugin.settings import Settings
from kolibri_azure_plugin.settings_table import is_true

#: Kolibri's channel import takes the last part, ``postgresql``, for its SQLAlchemy dialect.
ENGINE = "kolibri_azure_plugin.database.postgresql"

SCHEMES = ("postgres", "postgresql", "pgsql")

#: libpq parameters for every connection. A peer that went away without a word is noticed within a
#: minute, while Azure's load balancers drop what was silent for four. GSS would bypass TLS.
CONNECTION_OPTIONS: Mapping[str, Any] = {
    "application_name": "kolibri",
    "connect_timeout": 8,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "gssencmode": "disable",
}

#: libpq parameters that a URL may set; the others would go around TLS or the sign-in.
URL_OPTIONS = frozenset(
    {"sslmode", "sslrootcert", "ssl_min_protocol_version", "target_session_attrs", "options"}
) | CONNECTION_OPTIONS.keys() - {"gssencmode"}


def uses_postgresql() -> bool:
    """True when Django's settings name PostgreSQL, and not a test deployment's SQLite."""
    from django.conf import settings

    return bool(settings.DATABASES["default"]["ENGINE"] == ENGINE)


@dataclasses.dataclass(frozen=True)
class Login:
    """Who signs in, and with what."""

    user: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class DatabaseConfig:
    """A PostgreSQL database, without its password.

    :param secret: name of the secret that the login was read from.
    :param options: libpq parameters.
    """

    host: str
    port: str
    name: str
    user: str
    secret: str
    options: Mapping[str, Any]

    def django_settings(self, conn_max_age: int) -> dict[str, Any]:
        """An entry of DATABASES. It never holds a password: the backend adds it."""
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
        """The same as libpq parameters."""
        parameters = {"host": self.host, "dbname": self.name, **self.options}
        return {**parameters, "port": self.port} if self.port else parameters


def read_config(
    settings: Settings,
    secrets: Secrets,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
) -> tuple[DatabaseConfig, Login]:
    """The database that settings and secrets name, and the login of this moment.

    :param options: section ``[Database]`` of Kolibri's options, for when there is no URL.
    :param environ: the environment, for the variables that ask for an sslmode.
    :raises KolibriAzureError: when there is none, or it is not a safe one.
    """
    requested = _plain_ssl_modes(options, environ)
    plain = bool(options.get("DATABASE_HOST"))
    url = (
        secrets.find(settings.database_url_secret, optional=True)
        if plain
        else secrets.get(settings.database_url_secret)
    )
    if url is not None:
        return parse_url(url, settings, requested)
    secret = settings.database_password_secret
    login = Login(str(options.get("DATABASE_USER") or ""), "")
    if settings.database_auth == "password":
        login = Login(login.user, secrets.get(secret))
    elif secrets.is_in_environment(secret):
        raise _password_beside_entra(f"the environment variable {variable_of(secret)}")
    config = DatabaseConfig(
        host=str(options["DATABASE_HOST"]),
        port=str(options.get("DATABASE_PORT") or ""),
        name=str(options.get("DATABASE_NAME") or ""),
        user=login.user,
        secret=secret,
        options={**CONNECTION_OPTIONS, **tls_options(settings, requested)},
    )
    _require_complete(config, login, settings, "KOLIBRI_DATABASE_HOST, _NAME and _USER")
    return config, login


def parse_url(
    url: str, settings: Settings, requested: Mapping[str, str] | None = None
) -> tuple[DatabaseConfig, Login]:
    """The database and the login that a URL names.

    :param requested: sslmodes that other sources ask for, by the source's name.
    """
    import dj_database_url

    where = f"secret {settings.database_url_secret}"
    if not url.strip().startswith(tuple(f"{scheme}://" for scheme in SCHEMES)):
        raise _unusable(where, f"it does not begin with {SCHEMES[1]}://")
    try:
        _refuse_loose_ends(url)
        parsed = dj_database_url.parse(url.strip())
    except ValueError:
        # The parser's own message may quote a part of the password.
        raise _unusable(where, "it is no valid URL") from None
    login = Login(parsed["USER"], parsed["PASSWORD"])
    remember(login.password)
    given = dict(parsed.get("OPTIONS", {}))
    refused = sorted(given.keys() - URL_OPTIONS)
    if refused:
        raise _unusable(where, f"its parameters {', '.join(refused)} are not accepted")
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
    )
    _require_complete(config, login, settings, where)
    return config, login


def _refuse_loose_ends(url: str) -> None:
    """A password that is not percent-encoded may split into something that looks like a URL.

    :raises ValueError: when a part after the host holds what only a password can hold.
    """
    parts = urlsplit(url)
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError


def _plain_ssl_modes(options: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """What Kolibri's own option asks for, and KOLIBRI_DATABASE_SSL of deployments before it.

    Kolibri's default is ``disable``, so that word counts only where somebody wrote it.
    """
    modes = {}
    mode = str(options.get("DATABASE_SSL_MODE") or "disable")
    if mode != "disable" or environ.get("KOLIBRI_DATABASE_SSL_MODE"):
        modes["KOLIBRI_DATABASE_SSL_MODE"] = mode
    wanted = environ.get("KOLIBRI_DATABASE_SSL", "").strip()
    if wanted:
        modes["KOLIBRI_DATABASE_SSL"] = "require" if is_true(wanted) else "disable"
    return modes


def _require_complete(config: DatabaseConfig, login: Login, settings: Settings, where: str) -> None:
    for part, value in (("host", config.host), ("database", config.name), ("user", config.user)):
        if not value:
            raise _unusable(where, f"it names no {part}")
    if settings.database_auth == "entra" and login.password:
        raise _password_beside_entra(where)
    if settings.database_auth == "password" and not login.password:
        raise _unusable(where, "it has no password, and KOLIBRI_AZURE_DATABASE_AUTH is password")


def _password_beside_entra(where: str) -> SecretError:
    return SecretError(
        "The database login holds a password, but KOLIBRI_AZURE_DATABASE_AUTH is entra.",
        expected="the identity's name and no password: "
        "postgresql://NAME_OF_THE_IDENTITY@HOST/DATABASE",
        found=f"a password in {where}",
        remedy="Remove the password: delete the variable, or set the URL without it:\n"
        "az keyvault secret set --vault-name NAME -n kolibri-database-url --file FILE\n"
        "or sign in with the password:\n"
        "az webapp config appsettings set -g GROUP -n APP --settings "
        "KOLIBRI_AZURE_DATABASE_AUTH=password",
        code="database-url",
    )


def _unusable(where: str, found: str) -> SecretError:
    return SecretError(
        "The database can't be found from the settings.",
        expected="postgresql://USER:PASSWORD@HOST:5432/DATABASE, where special characters of "
        "the password are percent-encoded",
        found=f"{where}: {found}",
        remedy="Percent-encode the password, and set the secret again:\n"
        "python3 -c 'import getpass, urllib.parse as u; print(u.quote(getpass.getpass(), \"\"))'\n"
        "az keyvault secret set --vault-name NAME -n kolibri-database-url --file FILE",
        code="database-url",
    )
