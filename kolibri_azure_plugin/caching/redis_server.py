"""The Redis of this process: its address, its TLS, and whether it answers at the moment."""

from __future__ import annotations

import dataclasses
import logging
import re
import socket
import ssl
import threading
import time
from typing import Any
from urllib.parse import unquote

from kolibri_azure_plugin.errors import CacheError, SecretError
from kolibri_azure_plugin.redaction import redact, remember

logger = logging.getLogger(__name__)

#: The port of Azure Managed Redis.
DEFAULT_PORT = 10000

#: Seconds that one connection attempt or one answer may take. A healthy Redis takes milliseconds.
TIMEOUT = 1.0

#: Seconds that Redis is left alone after it has failed.
PAUSE = 5.0

#: Says whether Azure has the server running; az can do it without an extension.
SHOW_STATE = (
    "az resource show -g GROUP -n REDIS --resource-type Microsoft.Cache/redisEnterprise "
    "--query properties.resourceState"
)

SECONDS_OF_A_DAY = 24 * 3600

ADDRESS = re.compile(
    r"rediss://(?:(?P<login>.*)@)?(?P<host>\[[^\]]+\]|[^:/@]+)(?::(?P<port>\d+))?(?:/(?P<db>\d*))?"
)


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a Redis is, and what signs in to it."""

    host: str
    port: int
    database: int
    user: str
    password: str = dataclasses.field(repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str, secret: str) -> Address:
    """The address that a secret holds.

    The last ``@`` ends the password, so that the keys that Azure makes need no encoding; what is
    percent-encoded is decoded.

    :param secret: the secret's name, for the error.
    :raises SecretError: when it can't be used.
    """
    match = ADDRESS.fullmatch(text.strip())
    if match is None:
        kind = text.split("://", 1)[0] if "://" in text else "no address"
        raise SecretError(
            f"Secret {secret} does not hold the address of a Redis.",
            expected="rediss://:PASSWORD@HOST:PORT; the s stands for TLS, and is no typing mistake",
            found=f"{kind}://…" if "://" in text else kind,
            remedy=f"az keyvault secret set --vault-name NAME -n {secret} --file FILE\n"
            "with the address in FILE, without a line break at its end.",
            code="redis-address",
        )
    user, _, password = (match["login"] or "").partition(":")
    remember(password)
    remember(unquote(password))
    return Address(
        match["host"].strip("[]"),
        int(match["port"] or DEFAULT_PORT),
        int(match["db"] or 0),
        unquote(user),
        unquote(password),
    )


class RedisServer:
    """A Redis that is asked while it answers, and left alone for a while when it does not.

    :param root_cert: file with the authorities that may sign its certificate; empty: the system's.
    """

    def __init__(self, address: Address, root_cert: str = "") -> None:
        self.address = address
        self._root_cert = root_cert
        self._client: Any = None
        self._next_try = 0.0
        self._answered = True
        self._lock = threading.Lock()

    def ask(self, *command: Any) -> Any:
        """What Redis answers to a command.

        :raises CacheError: when it does not answer, or did not a moment ago.
        """
        from redis.exceptions import RedisError

        if not self._may_try():
            raise explain(None, self.address)
        try:
            answer = self.client.execute_command(*command)
        except (RedisError, OSError) as error:
            failure = explain(error, self.address)
            self._failed(failure)
            raise failure from error
        self._succeeded()
        return answer

    @property
    def client(self) -> Any:
        """The client, made when it is first needed; nothing is connected by that."""
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def certificate_days_left(self) -> int:
        """Days until its certificate ends, by a connection of its own.

        :raises CacheError: when it does not answer.
        """
        host, port = self.address.host, self.address.port
        trusted = ssl.create_default_context(cafile=self._root_cert or None)
        try:
            with (
                socket.create_connection((host, port), TIMEOUT) as plain,
                trusted.wrap_socket(plain, server_hostname=host) as secure,
            ):
                end = (secure.getpeercert() or {})["notAfter"]
        except OSError as error:
            raise explain(error, self.address) from error
        return int(ssl.cert_time_to_seconds(str(end)) - time.time()) // SECONDS_OF_A_DAY

    def disconnect(self) -> None:
        """Close what is connected; the next question connects again."""
        with self._lock:
            if self._client is not None:
                self._client.connection_pool.disconnect()

    def _make_client(self) -> Any:
        from redis import ConnectionPool, Redis, SSLConnection

        login = {"username": self.address.user} if self.address.user else {}
        return Redis(
            connection_pool=ConnectionPool(
                connection_class=SSLConnection,
                host=self.address.host,
                port=self.address.port,
                db=self.address.database,
                password=self.address.password or None,
                socket_connect_timeout=TIMEOUT,
                socket_timeout=TIMEOUT,
                ssl_cert_reqs="required",
                ssl_check_hostname=True,
                ssl_ca_certs=self._root_cert or None,
                **login,
            )
        )

    def _may_try(self) -> bool:
        """After a failure, one caller tries again each time that the pause is over."""
        with self._lock:
            if self._answered:
                return True
            if time.monotonic() < self._next_try:
                return False
            self._next_try = time.monotonic() + PAUSE
            return True

    def _failed(self, failure: CacheError) -> None:
        with self._lock:
            first, self._answered = self._answered, False
            self._next_try = time.monotonic() + PAUSE
        if first:
            logger.warning(
                "%s %s. This process does without until it answers. %s",
                failure.failed,
                failure.found,
                failure.documentation,
            )

    def _succeeded(self) -> None:
        if not self._answered:
            with self._lock:
                again, self._answered = not self._answered, True
            if again:
                logger.warning("Redis at %s answers again.", self.address)


def explain(error: Exception | None, address: Address) -> CacheError:
    """The error that tells an administrator what the client's means.

    :param error: None when Redis was not asked because it failed a moment ago.
    """
    text = redact(str(error or f"it failed less than {PAUSE:g} seconds ago"))
    if re.search("CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER", text):
        code, remedy = (
            "redis-certificate",
            (
                "Use the host name that the certificate is for. For an authority of your own, set "
                "KOLIBRI_AZURE_REDIS_SSL_ROOT_CERT to the file with its certificate."
            ),
        )
    elif re.search("NOAUTH|WRONGPASS|invalid.*password|[Aa]uthentication", text):
        code, remedy = (
            "redis-sign-in",
            (
                "Put the address with the server's own key into the secret. To see the key:\n"
                "az extension add --name redisenterprise\n"
                "az redisenterprise database list-keys -g GROUP --cluster-name REDIS"
            ),
        )
    else:
        code, remedy = (
            "redis-unreachable",
            (
                f"{SHOW_STATE}\n"
                f"Check the network between the app and {address.host}, port {address.port}."
            ),
        )
    return CacheError(
        f"Redis at {address} can't be used.",
        expected="an answer over TLS, with a certificate for this host name",
        found=text,
        remedy=remedy,
        code=code,
        transient=True,
    )


_server: RedisServer | None = None


def use(server: RedisServer) -> None:
    """Make this the Redis of the process."""
    global _server
    _server = server


def disconnect() -> None:
    """Close this process's connections to its Redis, if it has one."""
    if _server is not None:
        _server.disconnect()


def current() -> RedisServer:
    """The Redis of the process."""
    if _server is None:
        raise RuntimeError("this process has no Redis")
    return _server
