"""A Redis with TLS and a password that a test starts, stops and breaks."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from devtools.certificates import CertificateAuthority
from devtools.deadline import wait_until
from devtools.ports import free_port
from devtools.process import BackgroundProcess

PROGRAM = "redis-server"
READY_SECONDS = 20

MISSING = f"There is no {PROGRAM} on this machine: apt-get install redis-server"


class MissingRedisError(Exception):
    """This machine has no Redis; the text says what to install."""


def find_redis() -> str:
    """The path of the program. Raises MissingRedisError."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise MissingRedisError(MISSING)
    return program


class RedisServer:
    """One server on 127.0.0.1; the port stays the same over restarts.

    Its certificate, signed by `authority`, is for localhost, or for the name that `host` gives, and
    ends after `days`.
    """

    def __init__(
        self,
        folder: Path,
        authority: CertificateAuthority,
        password: str,
        host: str = "localhost",
        *,
        days: int = 365,
    ) -> None:
        self._program = find_redis()
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._certificate = authority.issue("redis", [host], folder=folder, days=days)
        self._authority_file = authority.certificate_file
        self.password = password
        self.port = free_port()
        self._process: BackgroundProcess | None = None

    def __enter__(self) -> RedisServer:  # noqa: PYI034
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def url(self, password: str | None = None) -> str:
        """The address for the secret, percent-encoded."""
        who = quote(self.password if password is None else password, safe="")
        return f"rediss://:{who}@localhost:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        # A file, because the arguments of a process show in every list of processes.
        configuration = self._folder / "redis.conf"
        configuration.touch(0o600)
        configuration.write_text(self._configuration())
        self._process = BackgroundProcess(
            [self._program, configuration],
            environment={},
            folder=self._folder,
            log_file=self._folder / "redis.log",
        )
        self._process.wait_until(
            lambda: "Ready to accept connections" in self._output, "Redis", READY_SECONDS
        )

    def _configuration(self) -> str:
        escaped = self.password.replace("\\", "\\\\").replace('"', '\\"')
        return "\n".join(
            [
                "bind 127.0.0.1",
                "port 0",
                f"tls-port {self.port}",
                f"tls-cert-file {self._certificate.certificate_file}",
                f"tls-key-file {self._certificate.key_file}",
                f"tls-ca-cert-file {self._authority_file}",
                "tls-auth-clients no",
                f'requirepass "{escaped}"',
                'save ""',
                f"dir {self._folder}",
                "",
            ]
        )

    def stop(self) -> None:
        """End it; what it held is gone."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)
            self._process.stop(10)
            self._process = None

    def hang(self) -> None:
        """Answer no more, though connections are accepted."""
        assert self._process is not None
        self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Answer again."""
        assert self._process is not None
        self._process.signal(signal.SIGCONT)

    def ask(self, *command: str) -> str:
        """What redis-cli prints."""
        client = [str(Path(self._program).with_name("redis-cli")), "--tls", "-p", str(self.port)]
        client += ["--cacert", str(self._authority_file), "--no-auth-warning"]
        answer = subprocess.run(
            [*client, *command],
            env={"REDISCLI_AUTH": self.password},
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        return answer.stdout.strip()

    def wait_until_it_holds(self, pattern: str, seconds: float = 10) -> str:
        """The keys that match, once there are some."""
        return wait_until(lambda: self.ask("--scan", "--pattern", pattern), pattern, seconds)

    @property
    def _output(self) -> str:
        return self._process.output if self._process else ""
