"""The settings for verifying PostgreSQL's certificate."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping

from kolibri_azure_plugin.configuration.settings import ACCEPTED_SSL_MODES, Settings
from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.errors.remedies import delete_app_settings, set_secret

#: The systems' files of certificate authorities, Debian and Alpine first.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def tls_options(settings: Settings, requested: Mapping[str, str]) -> dict[str, str]:
    """The libpq parameters for TLS, with the strictest mode of all sources.

    :param requested: sslmodes from other sources, by the source's name.
    :raises SettingsError: when a source permits unencrypted connections, or there is no CA file.
    """
    for source, mode in requested.items():
        if mode not in ACCEPTED_SSL_MODES:
            raise _too_weak(source, mode)
    strictest = max([settings.database_ssl_mode, *requested.values()], key=ACCEPTED_SSL_MODES.index)
    root_cert = settings.database_ssl_root_cert
    if root_cert and not _readable(root_cert):
        raise _no_root_cert(
            f"KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT is {root_cert}, which is not a readable file"
        )
    if not root_cert and strictest != "require":
        root_cert = system_bundle()
    return {"sslmode": strictest, **({"sslrootcert": root_cert} if root_cert else {})}


def system_bundle() -> str:
    """The file with the system's certificate authorities.

    libpq's own ``sslrootcert=system`` uses a folder compiled into its OpenSSL. In psycopg2's wheel,
    that folder exists on no system.
    """
    known = ssl.get_default_verify_paths()
    for candidate in (os.environ.get(known.openssl_cafile_env), known.cafile, *SYSTEM_BUNDLES):
        if candidate and _readable(candidate):
            return candidate
    raise _no_root_cert("the system has no bundle of certificate authorities")


def _readable(path: str) -> bool:
    """Whether it is a file that this user may read. False if its folder is not accessible."""
    return os.path.isfile(path) and os.access(path, os.R_OK)


def _too_weak(source: str, mode: str) -> SettingsError:
    return SettingsError(
        "The database connection would not be safe.",
        expected=f"sslmode {', '.join(ACCEPTED_SSL_MODES)}",
        found=f"{source} asks for {mode}",
        remedy=_make_stronger(source, mode),
        code="database-ssl-mode",
    )


def _make_stronger(source: str, mode: str) -> str:
    kind, _, name = source.partition(" ")
    if kind == "secret":
        return (
            f"Write sslmode=verify-full instead of sslmode={mode} into the URL:\n{set_secret(name)}"
        )
    return (
        f"{delete_app_settings(source)}\n"
        "or remove it from options.ini. Without it, the connection is encrypted."
    )


def _no_root_cert(found: str) -> SettingsError:
    return SettingsError(
        "PostgreSQL's certificate can't be verified.",
        expected="a file with certificate authorities",
        found=found,
        remedy="To use the system's bundle, which is enough for Azure's servers:\n"
        f"{delete_app_settings('KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT')}\n"
        "An image without a bundle gets one with: apt-get install ca-certificates",
        code="database-root-cert",
    )
