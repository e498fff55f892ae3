"""Makes what docker/compose.yaml starts with: certificates, passwords, the vault's secrets.

``python -m devtools.laptop --private FOLDER --public FOLDER``. What is there already stays as it
is, but for the administrator's password, which the variable KOLIBRI_SUPERUSER_PASSWORD gives.
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

PASSWORD_VARIABLE = "KOLIBRI_SUPERUSER_PASSWORD"
SHORTEST_PASSWORD = 8

#: The services by their names in compose.yaml, which are their host names too.
POSTGRES, REDIS = "postgres", "redis"
ACCOUNT = DATABASE = "kolibri"

#: The files lie where compose.yaml puts them for Redis.
REDIS_CONFIGURATION = """\
port 0
tls-port 6379
tls-cert-file /data/redis.pem
tls-key-file /data/redis.key
tls-ca-cert-file /public/ca.pem
tls-auth-clients no
save ""
requirepass {password}
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the files; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m devtools.laptop", description=__doc__)
    parser.add_argument("--private", type=Path, required=True, help="keys and passwords")
    parser.add_argument("--public", type=Path, required=True, help="the authority's certificate")
    options = parser.parse_args(arguments)
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if len(password) < SHORTEST_PASSWORD:
        print(f"error: {PASSWORD_VARIABLE} needs {SHORTEST_PASSWORD} characters", file=sys.stderr)
        return 1
    prepare(options.private, options.public, password)
    return 0


def prepare(private: Path, public: Path, superuser_password: str) -> None:
    """Write what the services read, where it is not written yet."""
    # The stand-in for Azure finds its authority here, so that one has signed for all.
    authority = CertificateAuthority.create(private / "azure" / "authority")
    public.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(authority.certificate_file, public / "ca.pem")
    for name in (POSTGRES, REDIS):
        authority.issue(name, [name], folder=private)
    database = _kept(private / "postgres.password")
    redis = _kept(private / "redis.password")
    _write(private / "redis.conf", REDIS_CONFIGURATION.format(password=redis))
    secrets = {
        "kolibri-database-url": f"postgresql://{ACCOUNT}:{quote(database)}@{POSTGRES}/{DATABASE}",
        "kolibri-redis-url": f"rediss://:{quote(redis)}@{REDIS}:6379",
        "kolibri-secret-key": _kept(private / "secret.key"),
        "kolibri-superuser-password": superuser_password,
    }
    _write(private / "secrets.json", _as_json(secrets))


def _as_json(secrets: Mapping[str, str]) -> str:
    return json.dumps(secrets, indent=2) + "\n"


def _kept(path: Path) -> str:
    """The random text in a file, made when it is absent."""
    if not path.exists():
        _write(path, token_urlsafe(48))
    return path.read_text()


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
