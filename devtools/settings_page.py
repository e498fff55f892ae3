"""Writes docs/settings.md from the settings table: ``python -m devtools.settings_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kolibri_azure_plugin import settings
from kolibri_azure_plugin.secrets import variable_of
from kolibri_azure_plugin.settings_table import Row

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """# Settings

This page is written by `python -m devtools.settings_page` from `kolibri_azure_plugin/settings.py`;
a test holds it in step.

Each setting is an environment variable, which on App Service is an *app setting*:

    az webapp config appsettings set -g GROUP -n APP --settings NAME=VALUE

or an option of section `[Azure]` in Kolibri's `options.ini`, where its name is the variable's
without `KOLIBRI_`. The environment wins. An empty value counts as not set.
"""

SECRETS = """
## Secrets

A secret comes from the environment variable of its name, else from the Key Vault that
`KOLIBRI_AZURE_KEY_VAULT_URL` names, read with the app's managed identity. The log says which, never
the value. No secret is taken from a file. Another *name* of a secret, set with the setting in the
last column, changes its variable too.

A connection string of type *Custom* with the variable's name works like the variable. Key Vault
references (`@Microsoft.KeyVault(...)`) in app settings work as well; one that App Service
could not resolve is recognised and named.
"""

PLAIN = """
## Without a database URL

Where there is no database URL, Kolibri's own `KOLIBRI_DATABASE_HOST`, `KOLIBRI_DATABASE_PORT`,
`KOLIBRI_DATABASE_NAME` and `KOLIBRI_DATABASE_USER` name the database, and the password is a secret
as above. `KOLIBRI_DATABASE_SSL=true`, which earlier deployments set, is accepted; TLS is on in any
case. The plugin renames `KOLIBRI_DATABASE_PASSWORD` at start to
`KOLIBRI_AZURE_DATABASE_PASSWORD`: Kolibri would copy it into `options.ini`.
"""


def page() -> str:
    """The whole page."""
    lines = ["", "| Variable | Type | Default | Meaning |", "|---|---|---|---|"]
    lines += _setting_lines()
    secrets = ["| Secret | Variable | Holds | Its name is set with |", "|---|---|---|---|"]
    secrets += _secret_lines()
    return "\n".join([INTRODUCTION + "\n".join(lines), SECRETS, *secrets, PLAIN])


def _setting_lines() -> Iterator[str]:
    for _, row in settings.rows():
        names = f"`{row.variable}`"
        if row.fallbacks:
            names += " (else " + ", ".join(f"`{name}`" for name in row.fallbacks) + ")"
        yield f"| {names} | {row.kind} | {_default(row)} | {row.help} |"


def _secret_lines() -> Iterator[str]:
    for _, row in settings.rows():
        if row.secret:
            variable = variable_of(str(row.default))
            yield f"| `{row.default}` | `{variable}` | {row.secret} | `{row.variable}` |"


def _default(row: Row) -> str:
    if isinstance(row.default, bool):
        return f"`{str(row.default).lower()}`"
    text = ",".join(row.default) if isinstance(row.default, tuple) else str(row.default)
    return f"`{text}`" if text else "empty"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
