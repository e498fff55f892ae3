"""Writes docs/settings.md from the settings table: ``python -m devtools.settings_page``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kolibri_azure_plugin.configuration import settings
from kolibri_azure_plugin.configuration.secrets import variable_of
from kolibri_azure_plugin.configuration.table import Row

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """# Settings

This page is written by `python -m devtools.settings_page` from
`kolibri_azure_plugin/configuration/settings.py`; a test keeps it up to date.

Each setting is an environment variable, which on App Service is an *app setting*:

    az webapp config appsettings set -g GROUP -n APP --settings NAME=VALUE

or an option of section `[Azure]` in Kolibri's `options.ini`, with the variable's name without
`KOLIBRI_`. If both are set, the environment variable takes precedence. An empty value counts as not
set. A variable in brackets after *else* is read if the first one is not set.
"""

SECRETS = """
## Secrets

The plugin reads a secret from its environment variable. If the variable is not set, it reads the
secret from the Key Vault at `KOLIBRI_AZURE_KEY_VAULT_URL`, with the app's managed identity. The log
says where each secret came from, but never shows its value. No secret is read from a file.

The setting in the last column gives a secret another name. The name of its variable then changes
too: it is the secret's name in capitals, with underscores instead of hyphens. A secret's name has
at most 127 letters, digits and hyphens, as Key Vault requires.

On App Service, a connection string of type *Custom* with the variable's name works like the
variable. Key Vault references (`@Microsoft.KeyVault(...)`) in app settings work as well. If App
Service could not resolve one, the plugin reports the variable's name.
"""

PLAIN = """
## Without a database URL

If there is no database URL, Kolibri's own `KOLIBRI_DATABASE_HOST`, `KOLIBRI_DATABASE_PORT`,
`KOLIBRI_DATABASE_NAME` and `KOLIBRI_DATABASE_USER` name the database, and the password is one of
the secrets above. `KOLIBRI_DATABASE_SSL=true`, which earlier deployments set, is accepted; TLS is
on in any case. At start-up, the plugin renames `KOLIBRI_DATABASE_PASSWORD` to
`KOLIBRI_AZURE_DATABASE_PASSWORD`, because Kolibri would otherwise copy the password into
`options.ini`.
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
