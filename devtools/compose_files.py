"""Creates the files for docker/compose.yaml: certificates, passwords and the vault's secrets.

``python -m devtools.compose_files --private FOLDER --public FOLDER``. Existing files stay as they
are, except the administrator's password, which comes from KOLIBRI_SUPERUSER_PASSWORD.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote

from devtools.certificates import CertificateAuthority
from kolibri_azure_plugin.configuration.settings import MIN_PASSWORD_LENGTH

PASSWORD_VARIABLE = "KOLIBRI_SUPERUSER_PASSWORD"

#: The service's name in compose.yaml, which is also its host name.
POSTGRES = "postgres"
ACCOUNT = DATABASE = "kolibri"


def main(arguments: list[str] | None = None) -> int:
    """Write the files; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m devtools.compose_files", description=__doc__)
    parser.add_argument("--private", type=Path, required=True, help="keys and passwords")
    parser.add_argument("--public", type=Path, required=True, help="the authority's certificate")
    options = parser.parse_args(arguments)
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if len(password) < MIN_PASSWORD_LENGTH:
        print(f"error: {PASSWORD_VARIABLE} needs {MIN_PASSWORD_LENGTH} characters", file=sys.stderr)
        return 1
    prepare(options.private, options.public, password)
    return 0


def prepare(private: Path, public: Path, superuser_password: str) -> None:
    """Write the services' files, except existing ones."""
    # The stand-in for Azure uses this authority too, so that one signs all certificates.
    authority = CertificateAuthority.create(private / "azure" / "authority")
    public.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(authority.certificate_file, public / "ca.pem")
    authority.issue(POSTGRES, [POSTGRES], folder=private)
    database = _kept(private / "postgres.password")
    secrets = {
        "kolibri-database-url": f"postgresql://{ACCOUNT}:{quote(database)}@{POSTGRES}/{DATABASE}",
        "kolibri-secret-key": _kept(private / "secret.key"),
        "kolibri-superuser-password": superuser_password,
    }
    _write(private / "secrets.json", _as_json(secrets))


def _as_json(secrets: Mapping[str, str]) -> str:
    return json.dumps(secrets, indent=2) + "\n"


def _kept(path: Path) -> str:
    """The random text in a file, created if absent."""
    if not path.exists():
        _write(path, token_urlsafe(48))
    return path.read_text()


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
