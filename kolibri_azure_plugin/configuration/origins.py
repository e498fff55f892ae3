"""The rule that interactive content has its own host name.

HTML5, H5P and Bloom resources are programs written by third parties. The browser keeps them away
from the learner's session only because their origin is not Kolibri's. Cookies ignore ports and
schemes, so this compares host names and nothing else.
https://developer.mozilla.org/docs/Web/Security/Same-origin_policy#cross-origin_data_storage_access
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from urllib.parse import urlsplit

import idna

from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import set_app_settings

VARIABLE = "KOLIBRI_ZIP_CONTENT_ORIGIN"

#: The schemes that a browser accepts, with their default ports.
SCHEMES = {"http": 80, "https": 443}

#: A host name in a Host header. https://www.rfc-editor.org/rfc/rfc1123#section-2.1
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"{LABEL}(\.{LABEL})*")

#: The user name and password of a URL, which must not be printed.
CREDENTIALS = re.compile(r"//[^/]*@")


@dataclasses.dataclass(frozen=True)
class Origin:
    """The origin that serves interactive content.

    :param host: as browsers send it: lower case, international names in punycode, an IPv6 address
        in brackets.
    :param port: None for the scheme's default.
    """

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")


def given_origin(deployment: Deployment) -> str:
    """The configured value of Kolibri's option; empty if not set."""
    return deployment.option("Deployment", "ZIP_CONTENT_ORIGIN").strip()


def require_own_origin(deployment: Deployment) -> Origin | None:
    """The origin of interactive content, which must not be Kolibri's.

    None if Kolibri serves it on another port of its own host, which App Service does not support,
    or if this process serves nothing else.

    :raises SettingsError: when it is Kolibri's own origin, or not an origin.
    """
    settings, text = deployment.settings, given_origin(deployment)
    if not text or text.isdecimal() or settings.serves_zip_content_only:
        return None
    origin = parse(text)
    for name in settings.allowed_hosts:
        if host_of(name) == origin.host:
            raise SettingsError(
                "Interactive content would come from Kolibri's own host name.",
                expected="a separate host name: resources are third-party programs, which the "
                "browser must keep away from the learner's session",
                found=f"{VARIABLE} is {origin}, and Kolibri answers to {name}",
                remedy="Give the web app a second host name, or use a second web app, then:\n"
                + set_app_settings(f"{VARIABLE}=https://ANOTHER_NAME"),
                code="zip-content-same-host",
            )
    return origin


def parse(text: str) -> Origin:
    """Parse an origin.

    :raises SettingsError: when the text is not an origin.
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
        raise malformed(text, "it contains more than a host name")
    return Origin(scheme, host, None if port == SCHEMES[scheme] else port)


def malformed(text: str, reason: str) -> SettingsError:
    """The error for a value that can't be the origin of interactive content."""
    return SettingsError(
        f"{VARIABLE} is not a valid origin.",
        expected="https://HOST, the host name from which interactive content comes",
        found=f"{CREDENTIALS.sub('//', text)}: {reason}",
        remedy=set_app_settings(f"{VARIABLE}=https://HOST"),
        code="zip-content-origin",
    )


def host_of(name: str) -> str:
    """A name that the site answers to, in the form of :attr:`Origin.host`.

    Empty for a wildcard, and for a name that no browser can send.
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
        # As browsers encode it. https://www.unicode.org/reports/tr46/
        name = idna.encode(name, uts46=True).decode()
    if not HOST_NAME.fullmatch(name):
        raise ValueError(f"{name} is not a host name" if name else "it has no host name")
    return name
