"""What must hold before Kolibri looks at its own options.

Once it has, it may have copied an empty SQLite database into KOLIBRI_HOME already.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import kolibri

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.secrets import in_environment
from kolibri_azure_plugin.settings import Settings

#: Before 0.19.4 Kolibri reads other options for TLS, and before 0.19.3 jobs take a third way to
#: the database. What 0.20 changes is not known yet.
OLDEST_KOLIBRI = (0, 19, 4)
FIRST_UNKNOWN_KOLIBRI = (0, 20, 0)

APP_SETTINGS = "az webapp config appsettings"


def require_supported_kolibri() -> None:
    """:raises SettingsError: when this Kolibri is too old or too new."""
    if not OLDEST_KOLIBRI <= tuple(kolibri.VERSION[:3]) < FIRST_UNKNOWN_KOLIBRI:
        raise SettingsError(
            "This version of Kolibri is not supported.",
            expected=f"{_dotted(OLDEST_KOLIBRI)} or newer, before {_dotted(FIRST_UNKNOWN_KOLIBRI)}",
            found=f"Kolibri {kolibri.__version__}",
            remedy="pip install 'kolibri>=0.19.4,<0.20'",
            code="kolibri-version",
        )


def wants_postgresql(
    settings: Settings, environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> bool:
    """False only for a test deployment that names no PostgreSQL.

    :param options: options.ini as it stands in the file.
    """
    named = (
        settings.key_vault_url
        or in_environment(environ, settings.database_url_secret)
        or given_option("DATABASE_HOST", "Database", environ, options)
    )
    return bool(named) or not settings.is_test


def require_postgresql(
    environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> None:
    """:raises SettingsError: when Kolibri is told to use SQLite."""
    if given_option("DATABASE_ENGINE", "Database", environ, options) not in ("", "postgres"):
        raise SettingsError(
            "Kolibri is told to use SQLite.",
            expected="no DATABASE_ENGINE at all: the plugin puts Kolibri on PostgreSQL",
            found="DATABASE_ENGINE = sqlite, in the environment or in options.ini",
            remedy=f"{APP_SETTINGS} delete -g GROUP -n APP --setting-names KOLIBRI_DATABASE_ENGINE"
            "\nand remove DATABASE_ENGINE from options.ini. For a trial without PostgreSQL: "
            "KOLIBRI_AZURE_DEPLOYMENT=test",
            code="database-engine",
        )


def require_own_caches(
    environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> None:
    """:raises SettingsError: when Kolibri is told to use a Redis by itself."""
    if given_option("CACHE_BACKEND", "Cache", environ, options) == "redis":
        raise SettingsError(
            "Kolibri is told to use a Redis by itself.",
            expected="the address of the Redis in secret kolibri-redis-url: Kolibri would verify "
            "no host name, and would not start while Redis is down",
            found="CACHE_BACKEND = redis, in the environment or in options.ini",
            remedy=f"{APP_SETTINGS} delete -g GROUP -n APP --setting-names KOLIBRI_CACHE_BACKEND"
            "\nand remove CACHE_BACKEND from options.ini. Then:\n"
            "az keyvault secret set --vault-name NAME -n kolibri-redis-url --file FILE",
            code="cache-backend",
        )


def require_no_password_on_disk(options: Mapping[str, Mapping[str, Any]]) -> None:
    """:raises SettingsError: when options.ini holds the database password."""
    if options.get("Database", {}).get("DATABASE_PASSWORD"):
        raise SettingsError(
            "The database password stands in options.ini.",
            expected="the password in Key Vault, or in the environment",
            found="DATABASE_PASSWORD in section [Database] of options.ini",
            remedy="Remove it from the file, change the password, and set the new one:\n"
            "az keyvault secret set --vault-name NAME -n kolibri-database-password --file FILE",
            code="password-on-disk",
        )


def require_content_on_share(
    settings: Settings, environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> None:
    """:raises SettingsError: when Kolibri is told to keep its content beside the share."""
    content = given_option("CONTENT_DIR", "Paths", environ, options)
    share = os.path.normpath(settings.content_mount)
    if content and not settings.is_test:
        inside = os.path.commonpath([share, os.path.abspath(content)]) == share
        if not inside:
            raise SettingsError(
                "Kolibri is told to keep its content outside the share.",
                expected=f"CONTENT_DIR not set, or a folder in {share}",
                found=f"CONTENT_DIR is {content}",
                remedy="Set KOLIBRI_AZURE_CONTENT_MOUNT instead:\n"
                f"{APP_SETTINGS} delete -g GROUP -n APP --setting-names KOLIBRI_CONTENT_DIR",
                code="content-dir",
            )


def given_option(
    name: str,
    section: str,
    environ: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]],
) -> str:
    """One of Kolibri's options as somebody set it; empty when nobody did."""
    return str(environ.get(f"KOLIBRI_{name}") or options.get(section, {}).get(name) or "")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
