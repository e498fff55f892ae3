"""The rule that interactive content has a host name of its own.

HTML5, H5P and Bloom resources are programs of strangers. The browser keeps them from the learner's
session only because they come from another origin than Kolibri's; a cookie knows no ports and no
schemes, so here the host names are compared, and nothing else.
https://developer.mozilla.org/docs/Web/Security/Same-origin_policy#cross-origin_data_storage_access
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import idna

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.preconditions import APP_SETTINGS, given_option
from kolibri_azure_plugin.settings import Settings

VARIABLE = "KOLIBRI_ZIP_CONTENT_ORIGIN"

#: The schemes that a browser takes, each with its own port.
SCHEMES = {"http": 80, "https": 443}

#: A host name as it stands in a Host header. https://www.rfc-editor.org/rfc/rfc1123#section-2.1
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"{LABEL}(\.{LABEL})*")

#: What must not be printed, should somebody have put it there.
CREDENTIALS = re.compile(r"//[^/]*@")


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where interactive content comes from.

    :param host: as browsers send it: lower case, international names in punycode, an IPv6 address
        in brackets.
    :param port: None where it is the scheme's own.
    """

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")


def given_origin(environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]) -> str:
    """Kolibri's option as somebody set it; empty when nobody did.

    :param options: options.ini as it stands in the file.
    """
    return given_option("ZIP_CONTENT_ORIGIN", "Deployment", environ, options).strip()


def require_own_origin(
    settings: Settings, environ: Mapping[str, str], options: Mapping[str, Mapping[str, Any]]
) -> Origin | None:
    """The origin of interactive content, which is not Kolibri's.

    None where Kolibri serves it on another port of its own host, which is not for App Service, and
    where nothing else is served at all.

    :param options: options.ini as it stands in the file.
    :raises SettingsError: when it is Kolibri's own, or no origin.
    """
    text = given_origin(environ, options)
    if not text or text.isdecimal() or settings.serves_zip_content_only:
        return None
    origin = parse(text)
    for name in settings.allowed_hosts:
        if host_of(name) == origin.host:
            raise SettingsError(
                "Interactive content would come from Kolibri's own host name.",
                expected="a host name of its own: a resource is a program of a stranger, which "
                "the browser must keep from the learner's session",
                found=f"{VARIABLE} is {origin}, and Kolibri answers to {name}",
                remedy="Give the web app a second host name, or use a second web app, then:\n"
                f"{APP_SETTINGS} set -g GROUP -n APP --settings {VARIABLE}=https://ANOTHER_NAME",
                code="zip-content-same-host",
            )
    return origin


def parse(text: str) -> Origin:
    """The origin that a text names.

    :raises SettingsError: when it names none.
    """
    scheme = text.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise malformed(text, "it does not begin with https://")
    try:
        parts = urlsplit(text)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError as error:
        raise malformed(text, str(error)) from error
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise malformed(text, "there is more in it than a host name")
    return Origin(scheme, host, None if port == SCHEMES[scheme] else port)


def malformed(text: str, reason: str) -> SettingsError:
    """The error for a value that can't be the origin of interactive content."""
    return SettingsError(
        f"{VARIABLE} names no origin.",
        expected="https://HOST, the host name from which interactive content comes",
        found=f"{CREDENTIALS.sub('//', text)}: {reason}",
        remedy=f"{APP_SETTINGS} set -g GROUP -n APP --settings {VARIABLE}=https://HOST",
        code="zip-content-origin",
    )


def host_of(name: str) -> str:
    """A name that the site answers to in the form of :attr:`Origin.host`.

    Empty for what stands for any name, and for what no browser could send.
    """
    address = name if "//" in name else f"//{name.lstrip('.')}"
    try:
        return _host(urlsplit(address).hostname or "")
    except ValueError:
        return ""


def _host(name: str) -> str:
    """:raises ValueError: when no host can have this name."""
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name).compressed}]"
    name = name.removesuffix(".").lower()
    if not name.isascii():
        # As browsers do it. https://www.unicode.org/reports/tr46/
        name = idna.encode(name, uts46=True).decode()
    if not HOST_NAME.fullmatch(name):
        raise ValueError(f"{name} is no host name" if name else "it names no host")
    return name
