"""The stand-in's state, and how tests and the control endpoint change it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from devtools.azure_standin import files, vault
from devtools.azure_standin.certificates import ServerCertificates
from devtools.azure_standin.connections import LOOPBACK
from devtools.azure_standin.faults import CERTIFICATE_FAULTS, ROUTE_FAULTS, Fault, Faults
from devtools.azure_standin.identity import APP_SERVICE_PATH, ONE_DAY, IdentityService
from devtools.azure_standin.messages import LoggedRequest
from devtools.azure_standin.proxy import ConnectProxy
from devtools.azure_standin.secret_store import SecretStore, SecretVersion
from devtools.azure_standin.shares import Share, Shares
from devtools.azure_standin.tokens import Token, TokenLedger


class Cloud:
    """Secrets, shares, identities, tokens and faults, without any listener."""

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
        self._proxy: ConnectProxy | None = None

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that clients must trust."""
        return self._certificates.authority.certificate_file

    @property
    def proxy_url(self) -> str:
        """The address of the CONNECT proxy."""
        return self._url("proxy")

    @property
    def control_url(self) -> str:
        """The address of the control endpoint (see the module ``control``)."""
        return self._url("control")

    def environment(self, identity: str = "app-service") -> dict[str, str]:
        """The environment variables that make a program use the stand-in.

        `identity` selects the kind of managed identity: ``app-service``, ``imds`` (for virtual
        machines) or ``none``. ``none`` points to a closed port, because without any variable the
        SDK would ask the machine's own IMDS at 169.254.169.254.
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
        """All requests so far, oldest first."""
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
        """Store a new version of a secret; times are in seconds since the epoch."""
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
        """Assign an identity to the app; return its client id."""
        client_id = client_id or str(uuid.uuid4())
        self.identity.user_assigned.add(client_id)
        return client_id

    def issue_token(
        self, resource: str, client_id: str | None = None, lifetime: float | None = None
    ) -> Token:
        """Issue a token without a request; `lifetime` is in seconds, and may be negative."""
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
        """Make `service` fail, for the next `times` requests or until cleared.

        The module ``faults`` describes the faults, and which take `seconds` or `retry_after`.
        """
        set_up = self.faults.add(
            service, fault, times=times, seconds=seconds, retry_after=retry_after
        )
        if fault in CERTIFICATE_FAULTS or fault in ROUTE_FAULTS:
            # Only new connections meet such a fault, and clients keep theirs open.
            self._drop_connections(service)
        return set_up

    def clear_faults(self, service: str | None = None, fault: str | None = None) -> None:
        """End one fault, all of a service, or all."""
        self.faults.remove(service, fault)

    def _drop_connections(self, service: str) -> None:
        if self._proxy is not None:
            self._proxy.drop(service)

    def _url(self, service: str) -> str:
        """The address of a service, which must have been started before."""
        return f"http://{LOOPBACK}:{self._ports[service]}"
