"""Reads a table of settings.

A value comes from the environment, else from section ``[Azure]`` of options.ini, else from its
default. An empty value counts as not set, because the Azure portal can't tell the two apart.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing
from collections.abc import Iterable, Mapping

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.debugging import is_true
from kolibri_azure_plugin.errors.remedies import set_app_settings

#: The beginning of a Key Vault reference that App Service could not resolve.
UNRESOLVED_REFERENCE = "@Microsoft.KeyVault("

#: The names that Key Vault allows. They also name environment variables and files in the container.
#: https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#objects-identifiers-and-versioning
SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")

FALSE_WORDS = ("0", "false", "no", "off")

Value = typing.Union[str, int, bool, "tuple[str, ...]"]


@dataclasses.dataclass(frozen=True)
class Row:
    """One setting of the table.

    :param name: its name in options.ini.
    :param default: its default, whose type is the setting's type.
    :param choices: the only values accepted, if limited.
    :param minimum: the smallest number accepted.
    :param fallbacks: environment variables to read when the setting itself is not set.
    :param secret: description of the secret, if the setting is a secret's name.
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


def read(
    table: Iterable[tuple[str, Row]],
    environ: Mapping[str, str],
    options: Mapping[str, typing.Any],
    page: str = "docs/settings.md",
) -> tuple[dict[str, Value], dict[str, str]]:
    """The value of each field of a table, and the source of each value.

    :param page: the documentation page that lists the table.
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
            remedy=set_app_settings("NAME=VALUE"),
            code="setting-invalid",
        )
    return values, sources


def read_options_file(path: str | os.PathLike[str]) -> dict[str, dict[str, typing.Any]]:
    """The raw sections of an options.ini; empty if there is no such file."""
    if not os.path.exists(path):
        return {}
    import kolibri  # noqa: F401 (puts its bundled configobj on the path)
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
    """Convert a setting's text, or the list parsed from options.ini, to the setting's type.

    :raises ValueError: with a readable reason.
    """
    if isinstance(row.default, tuple):
        parts = given if isinstance(given, list) else given.split(",")
        return tuple(part.strip() for part in parts if part.strip())
    text = ",".join(given) if isinstance(given, list) else given.strip()
    if text.startswith(UNRESOLVED_REFERENCE):
        raise ValueError("App Service could not resolve this Key Vault reference")
    if row.secret and not SECRET_NAME.fullmatch(text):
        # Not quoted: it may be the secret itself.
        raise ValueError("must be a secret's name: at most 127 letters, digits and hyphens")
    if row.choices and text not in row.choices:
        raise ValueError(f"is {text!r}, but must be {row.kind}")
    if isinstance(row.default, bool):
        return _truth(text)
    if isinstance(row.default, int):
        return _number(text, row.minimum)
    return text


def _truth(text: str) -> bool:
    if is_true(text):
        return True
    if text.lower() in FALSE_WORDS:
        return False
    raise ValueError(f"is {text!r}, but must be true or false")


def _number(text: str, minimum: int) -> int:
    if not text.isdecimal() or int(text) < minimum:
        raise ValueError(f"is {text!r}, but must be a whole number of {minimum} or more")
    return int(text)
