"""The whole stand-in: the services, wired together and listening."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from devtools.azure_standin import files, vault
from devtools.azure_standin.cloud import Cloud
from devtools.azure_standin.connections import Listener
from devtools.azure_standin.control import Control
from devtools.azure_standin.files import FilesService
from devtools.azure_standin.http_service import HttpService
from devtools.azure_standin.messages import LoggedRequest, Request, Response
from devtools.azure_standin.proxy import ConnectProxy
from devtools.azure_standin.vault import VaultService

#: For clients that need a name; every vault name has the same secrets.
VAULT_URL = f"https://kolibri-standin{vault.HOST_SUFFIX}"


class AzureStandin(Cloud):
    """Identity endpoint, Key Vault, Azure Files and the proxy to them, on loopback.

    Use it as a context manager, and start the program under test with :meth:`environment`.
    `state` is a folder for certificates, and for secrets if `keeps_secrets` is true. The system
    chooses the ports, except those in `ports` for ``identity``, ``proxy`` or ``control``.
    """

    _listeners: dict[str, Listener]

    def start(self) -> AzureStandin:
        """Listen, after a stop on the same ports as before."""
        self._listeners = {}
        try:
            self._listen()
        except OSError:
            self.stop()
            raise
        for listener in self._listeners.values():
            listener.start()
        return self

    def stop(self) -> None:
        """Close every port and every connection."""
        for listener in self._listeners.values():
            listener.stop()

    def _listen(self) -> None:
        tokens, faults = self.tokens, self.faults
        self._serve("control", Control(self).answer, log=[])
        self._serve("identity", self.identity.answer)
        for name, answer in (
            ("vault", VaultService(self.secrets, tokens, faults).answer),
            ("files", FilesService(self.shares, tokens, faults).answer),
        ):
            self._serve(name, answer, tls=self._certificates.for_service(name))
        routes = {
            vault.HOST_SUFFIX: ("vault", self._ports["vault"]),
            files.HOST_SUFFIX: ("files", self._ports["files"]),
        }
        self._proxy = ConnectProxy(routes, faults, self._log, self._ports.get("proxy", 0))
        self._keep("proxy", self._proxy.listener)

    def _serve(
        self,
        name: str,
        answer: Callable[[Request], Response],
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        log: list[LoggedRequest] | None = None,
    ) -> None:
        port, log = self._ports.get(name, 0), self._log if log is None else log
        service = HttpService(name, answer, faults=self.faults, log=log, tls=tls, port=port)
        self._keep(name, service.listener)

    def _keep(self, name: str, listener: Listener) -> None:
        self._listeners[name] = listener
        self._ports[name] = listener.port

    def __enter__(self) -> AzureStandin:  # noqa: PYI034
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
