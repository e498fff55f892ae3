"""A RADIUS server that checks passwords with a function (PAP, UDP on loopback).

Azure's PostgreSQL accepts a managed identity's token as a password and validates it with Entra.
Here PostgreSQL's ``radius`` method asks this server instead, so that sign-in really checks tokens
and refuses expired ones::

    def accepts(user: str, password: str) -> str | None:
        verdict = azure.tokens.check(password, "https://ossrdbms-aad.database.windows.net")
        return None if verdict else verdict.reason

    with RadiusServer(accepts) as radius:
        postgres.use_radius("kolibri-identity", port=radius.port, secret=radius.secret)
"""

from __future__ import annotations

import contextlib
import io
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pyrad.dictionary import Dictionary
from pyrad.packet import AccessReject, AccessRequest, AuthPacket, PacketError

LOOPBACK = "127.0.0.1"

DICTIONARY = Dictionary(
    io.StringIO(
        "ATTRIBUTE User-Name 1 string\n"
        "ATTRIBUTE User-Password 2 octets\n"
        "ATTRIBUTE Message-Authenticator 80 octets\n"
    )
)

_MAX_PACKET_BYTES = 4096


@dataclass(frozen=True)
class SignIn:
    """One attempt to sign in, without the password; `reason` says why it was refused."""

    user: str
    accepted: bool
    reason: str = ""
    time: float = field(default_factory=time.time)


class RadiusServer:
    """Accepts the users that `accepts` accepts; use it as a context manager.

    `accepts(user, password)` returns True or None to accept the user, and False or a reason (a text
    for the log) to refuse. `secret` is shared with the clients; it is random by default.
    """

    def __init__(
        self,
        accepts: Callable[[str, str], bool | str | None],
        *,
        secret: str | None = None,
        port: int = 0,
    ) -> None:
        self.secret = secret or secrets.token_hex(16)
        self._accepts = accepts
        self._log: list[SignIn] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, port))
        self._thread = threading.Thread(target=self._serve, name="radius", daemon=True)
        self._stopped = False

    @property
    def port(self) -> int:
        """The UDP port."""
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def log(self) -> list[SignIn]:
        """Every attempt so far, oldest first."""
        return list(self._log)

    def start(self) -> RadiusServer:
        """Start answering."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port; the server can't be restarted."""
        if not self._stopped:
            self._stopped = True
            # Wake the thread that waits for a datagram.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", (LOOPBACK, self.port))
            if self._thread.is_alive():
                self._thread.join(timeout=5)
            self._socket.close()

    def __enter__(self) -> RadiusServer:  # noqa: PYI034
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(_MAX_PACKET_BYTES)
            if self._stopped:
                return
            # RFC 2865: silently discard packets that are not understood.
            with contextlib.suppress(PacketError, LookupError, ValueError, OSError):
                self._socket.sendto(self._answer(packet), client)

    def _answer(self, packet: bytes) -> bytes:
        request = AuthPacket(secret=self.secret.encode(), dict=DICTIONARY, packet=packet)
        if request.code != AccessRequest:
            raise PacketError("not an Access-Request")
        if request.message_authenticator and not request.verify_message_authenticator():
            raise PacketError("the Message-Authenticator is wrong")
        user = request["User-Name"][0]
        reason = self._refusal_reason(user, request.PwDecrypt(request["User-Password"][0]))
        self._log.append(SignIn(user, reason is None, reason or ""))
        reply = request.CreateReply()
        if reason is not None:
            reply.code = AccessReject
        # Newer clients require it.
        reply.add_message_authenticator()
        answer: bytes = reply.ReplyPacket()
        return answer

    def _refusal_reason(self, user: str, password: str) -> str | None:
        verdict = self._accepts(user, password)
        if verdict is None or verdict is True:
            return None
        return verdict or "refused"
