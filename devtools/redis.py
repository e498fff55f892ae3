"""A Redis with TLS and a password, for Kolibri's own option."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from devtools.certificates import CertificateAuthority
from devtools.deadline import wait_until
from devtools.ports import free_port
from devtools.process import BackgroundProcess

PROGRAM = "redis-server"
READY_SECONDS = 20

#: Kolibri takes a password from the address as it is, so this needs no encoding.
PASSWORD = "the-password-of-redis"

MISSING = f"There is no {PROGRAM} on this machine: apt-get install redis-server"


class MissingRedisError(Exception):
    """This machine has no Redis. The text says what to install."""


class RedisServer:
    """One server on 127.0.0.1, with a certificate for localhost that `authority` signed.

    :raises MissingRedisError: on a machine without Redis.
    """

    def __init__(self, folder: Path, authority: CertificateAuthority) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise MissingRedisError(MISSING)
        self._program = program
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._certificate = authority.issue("redis", ["localhost"], folder=folder)
        self._authority_file = authority.certificate_file
        self._port = free_port()
        self._process: BackgroundProcess | None = None

    def __enter__(self) -> RedisServer:  # noqa: PYI034
        # In a file, because other users can see the arguments of a process.
        configuration = self._folder / "redis.conf"
        configuration.touch(0o600)
        configuration.write_text(self._configuration())
        process = self._process = BackgroundProcess(
            [self._program, configuration],
            environment={},
            folder=self._folder,
            log_file=self._folder / "redis.log",
        )
        process.wait_until(
            lambda: "Ready to accept connections" in process.output, "Redis", READY_SECONDS
        )
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.stop(10)
            self._process = None

    @property
    def options(self) -> dict[str, str]:
        """The environment with which Kolibri uses this Redis."""
        return {
            "KOLIBRI_CACHE_BACKEND": "redis",
            "KOLIBRI_CACHE_LOCATION": f"rediss://:{PASSWORD}@localhost:{self._port}",
            "SSL_CERT_FILE": str(self._authority_file),
        }

    def wait_for_keys(self, pattern: str, seconds: float = 10) -> list[str]:
        """Wait for keys that match, and return them."""
        return wait_until(lambda: self._keys(pattern), pattern, seconds).split()

    def _configuration(self) -> str:
        return "\n".join(
            [
                "bind 127.0.0.1",
                "port 0",
                f"tls-port {self._port}",
                f"tls-cert-file {self._certificate.certificate_file}",
                f"tls-key-file {self._certificate.key_file}",
                f"tls-ca-cert-file {self._authority_file}",
                "tls-auth-clients no",
                f"requirepass {PASSWORD}",
                'save ""',
                f"dir {self._folder}",
                "",
            ]
        )

    def _keys(self, pattern: str) -> str:
        client = [str(Path(self._program).with_name("redis-cli")), "--tls", "-p", str(self._port)]
        client += ["--cacert", str(self._authority_file), "--no-auth-warning"]
        answer = subprocess.run(
            [*client, "--scan", "--pattern", pattern],
            env={"REDISCLI_AUTH": PASSWORD},
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return answer.stdout.strip()
