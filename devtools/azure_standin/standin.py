"""The whole stand-in: the services, wired together, with what a test needs to steer them."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from devtools.azure_standin import files, vault
from devtools.azure_standin.certificates import ServerCertificates
from devtools.azure_standin.connections import LOOPBACK, Listener
from devtools.azure_standin.control import Control
from devtools.azure_standin.faults import CERTIFICATE_FAULTS, ROUTE_FAULTS, Fault, Faults
from devtools.azure_standin.files import FilesService
from devtools.azure_standin.http_service import HttpService
from devtools.azure_standin.identity import APP_SERVICE_PATH, ONE_DAY, IdentityService
from devtools.azure_standin.messages import LoggedRequest, Request, Response
from devtools.azure_standin.proxy import ConnectProxy
from devtools.azure_standin.secret_store import SecretStore, SecretVersion
from devtools.azure_standin.shares import Share, Shares
from devtools.azure_standin.tokens import Token, TokenLedger
from devtools.azure_standin.vault import VaultService

#: For clients that need a name; any other name of a vault leads to the same secrets.
VAULT_URL = f"https://kolibri-standin{vault.HOST_SUFFIX}"


class AzureStandin:
    """Identity endpoint, Key Vault, Azure Files and the proxy that leads to them, on loopback.

    Use it as a context manager, and start the program under test with :meth:`environment`.
    `state` is a folder for certificates, and for secrets when `keeps_secrets` is true. The system
    chooses the ports, except those that `ports` names for ``identity``, ``proxy`` or ``control``.
    """

    def __init__(
        self,
        state: Path,
        *,
        client_ids: Iterable[str] = (),
        token_lifetime: float = ONE_DAY,
        identity_header: str | None = None,
        keeps_secrets: bool = False,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.state = Path(state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.tokens = TokenLedger()
        self.faults = Faults()
        self.secrets = SecretStore(self.state / "secrets.json" if keeps_secrets else None)
        self.shares = Shares()
        self.identity = IdentityService(
            self.tokens, self.faults, header=identity_header, token_lifetime=token_lifetime
        )
        self.identity.user_assigned.update(client_ids)
        hosts = [f"*{vault.HOST_SUFFIX}", f"*{files.HOST_SUFFIX}"]
        self._certificates = ServerCertificates(self.state / "authority", hosts, self.faults)
        self._log: list[LoggedRequest] = []
        self._ports = dict(ports or {})
        self._listeners: dict[str, Listener] = {}

    def start(self) -> AzureStandin:
        """Listen; after a stop on the same ports as before."""
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

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that clients have to trust."""
        return self._certificates.authority.certificate_file

    @property
    def proxy_url(self) -> str:
        """Where the CONNECT proxy listens."""
        return self._url("proxy")

    @property
    def control_url(self) -> str:
        """Where the control endpoint listens (see the module ``control``)."""
        return self._url("control")

    def environment(self, identity: str = "app-service") -> dict[str, str]:
        """The variables that lead a program to the stand-in.

        `identity` says which kind of managed identity it finds: ``app-service``, ``imds`` (what a
        virtual machine has), or ``none``: then a closed port takes the place of IMDS, because
        without any variable the SDK asks the machine's own at 169.254.169.254.
        """
        kinds = {
            "app-service": {
                "IDENTITY_ENDPOINT": self._url("identity") + APP_SERVICE_PATH,
                "IDENTITY_HEADER": self.identity.header,
            },
            "imds": {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self._url("identity")},
            "none": {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{LOOPBACK}:1"},
        }
        if identity not in kinds:
            raise ValueError(f"identity must be one of {', '.join(kinds)}; found {identity!r}")
        direct = f"{LOOPBACK},localhost"
        return {
            **kinds[identity],
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": direct,
            "no_proxy": direct,
            "REQUESTS_CA_BUNDLE": str(self.authority_file),
        }

    @property
    def requests(self) -> list[LoggedRequest]:
        """What was asked so far, the oldest first."""
        return list(self._log)

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        self._log.clear()

    def set_secret(
        self,
        name: str,
        value: str,
        *,
        enabled: bool = True,
        expires: float | None = None,
        not_before: float | None = None,
    ) -> SecretVersion:
        """Put a new version of a secret into the vault; times are in seconds since the epoch."""
        return self.secrets.set(
            name, value, enabled=enabled, expires=expires, not_before=not_before
        )

    def disable_secret(self, name: str) -> None:
        """Disable the current version of a secret."""
        self.secrets.enable(name, enabled=False)

    def enable_secret(self, name: str) -> None:
        """Enable the current version of a secret."""
        self.secrets.enable(name, enabled=True)

    def delete_secret(self, name: str) -> None:
        """Delete a secret with all its versions."""
        self.secrets.delete(name)

    def add_share(self, account: str, name: str, folder: Path, quota: int = 100) -> Share:
        """Serve a local folder as a file share of `quota` GiB."""
        return self.shares.add(account, name, folder, quota)

    def add_identity(self, client_id: str | None = None) -> str:
        """Assign an identity to the app; the client id of it."""
        client_id = client_id or str(uuid.uuid4())
        self.identity.user_assigned.add(client_id)
        return client_id

    def issue_token(
        self, resource: str, client_id: str | None = None, lifetime: float | None = None
    ) -> Token:
        """A token without asking the endpoint; `lifetime` in seconds, may be negative."""
        owner = client_id or self.identity.system_assigned or ""
        seconds = self.identity.token_lifetime if lifetime is None else lifetime
        return self.tokens.issue(owner, resource, seconds)

    def fail(
        self,
        service: str,
        fault: str,
        *,
        times: int | None = None,
        seconds: float | None = None,
        retry_after: int | None = None,
    ) -> Fault:
        """Let `service` go wrong, for the next `times` requests or until healed.

        The module ``faults`` lists the faults, what they mean and which take `seconds` or
        `retry_after`.
        """
        set_up = self.faults.add(
            service, fault, times=times, seconds=seconds, retry_after=retry_after
        )
        if fault in CERTIFICATE_FAULTS or fault in ROUTE_FAULTS:
            # Clients keep connections; only those that connect anew meet such a fault.
            self._proxy.drop(service)
        return set_up

    def heal(self, service: str | None = None, fault: str | None = None) -> None:
        """End one fault, all of a service, or all."""
        self.faults.remove(service, fault)

    def _url(self, service: str) -> str:
        """Where a service listens; it must have been started once."""
        return f"http://{LOOPBACK}:{self._ports[service]}"
