"""Preconditions that must be met before Kolibri reads its own options.

Reading them may already copy an empty SQLite database into KOLIBRI_HOME.
"""

from __future__ import annotations

import kolibri

from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import delete_app_settings, set_secret

#: Before 0.19.4 Kolibri reads other options for TLS, and before 0.19.3 jobs have a third way to
#: connect to the database. The changes of 0.20 are not known yet.
OLDEST_KOLIBRI = (0, 19, 4)
FIRST_UNKNOWN_KOLIBRI = (0, 20)


def require_supported_kolibri() -> None:
    """:raises SettingsError: when this Kolibri is too old or too new."""
    if not OLDEST_KOLIBRI <= tuple(kolibri.VERSION[:3]) < FIRST_UNKNOWN_KOLIBRI:
        oldest, first_unknown = _dotted(OLDEST_KOLIBRI), _dotted(FIRST_UNKNOWN_KOLIBRI)
        raise SettingsError(
            "This version of Kolibri is not supported.",
            expected=f"{oldest} or newer, before {first_unknown}",
            found=f"Kolibri {kolibri.__version__}",
            remedy=f"pip install 'kolibri>={oldest},<{first_unknown}'",
            code="kolibri-version",
        )


def require_preconditions(deployment: Deployment) -> None:
    """:raises SettingsError: when Kolibri must not read its own options yet."""
    require_content_on_share(deployment)
    if deployment.wants_postgresql:
        require_postgresql(deployment)
        require_no_password_on_disk(deployment)


def require_postgresql(deployment: Deployment) -> None:
    """:raises SettingsError: when Kolibri is configured to use SQLite."""
    if deployment.option("Database", "DATABASE_ENGINE") not in ("", "postgres"):
        raise SettingsError(
            "Kolibri is configured to use SQLite.",
            expected="DATABASE_ENGINE not set: the plugin makes Kolibri use PostgreSQL",
            found="DATABASE_ENGINE = sqlite, in the environment or in options.ini",
            remedy=delete_app_settings("KOLIBRI_DATABASE_ENGINE")
            + "\nand remove DATABASE_ENGINE from options.ini. For a trial without PostgreSQL: "
            "KOLIBRI_AZURE_DEPLOYMENT=test",
            code="database-engine",
        )


def require_no_password_on_disk(deployment: Deployment) -> None:
    """:raises SettingsError: when options.ini contains the database password."""
    if deployment.options.get("Database", {}).get("DATABASE_PASSWORD"):
        secret = deployment.settings.database_password_secret
        raise SettingsError(
            "The database password is in options.ini.",
            expected="the password in Key Vault, or in the environment",
            found="DATABASE_PASSWORD in section [Database] of options.ini",
            remedy="Remove it from the file, change the password, and set the new one:\n"
            + set_secret(secret),
            code="password-on-disk",
        )


def require_content_on_share(deployment: Deployment) -> None:
    """:raises SettingsError: when Kolibri is configured to keep content outside the share."""
    content = deployment.content_folder
    if not deployment.settings.is_test and not deployment.is_on_share(content):
        raise SettingsError(
            "Kolibri is configured to keep its content outside the share.",
            expected=f"CONTENT_DIR not set, or a folder in {deployment.settings.content_mount}",
            found=f"CONTENT_DIR is {content}",
            remedy="Set KOLIBRI_AZURE_CONTENT_MOUNT instead:\n"
            + delete_app_settings("KOLIBRI_CONTENT_DIR"),
            code="content-dir",
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
