"""A RADIUS server that judges passwords with a function (RFC 2865, PAP, UDP on loopback).

Azure's PostgreSQL takes a managed identity's token for a password and asks Entra whether it is
good. PostgreSQL's own ``radius`` method asks this server instead, so that a token is really checked
at sign-in, and one that has expired is really refused::

    def accepts(user: str, password: str) -> str | None:
        verdict = azure.tokens.check(password, "https://ossrdbms-aad.database.windows.net")
        return None if verdict else verdict.reason

    with RadiusServer(accepts) as radius:
        postgres.ask_radius("kolibri-identity", port=radius.port, secret=radius.secret)
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT = 1, 2, 3
USER_NAME, USER_PASSWORD, MESSAGE_AUTHENTICATOR = 1, 2, 80

_HEAD = struct.Struct("!BBH16s")
_BLOCK = 16
_LONGEST_PACKET = 4096


@dataclass(frozen=True)
class SignIn:
    """One attempt to sign in; `reason` says why it was refused. The password is not kept."""

    user: str
    accepted: bool
    reason: str = ""
    time: float = field(default_factory=time.time)


class RadiusServer:
    """Lets in whom `accepts` lets in; use it as a context manager.

    `accepts(user, password)` returns True or None to let the user in, and False or a reason (a
    text for the log) to refuse. `secret` is what server and clients share, a random one by default.
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
        """Every attempt so far, the oldest first."""
        return list(self._log)

    def start(self) -> RadiusServer:
        """Answer from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port; a stopped server does not start again."""
        if not self._stopped:
            self._stopped = True
            # A datagram wakes the thread that waits for one.
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
            packet, client = self._socket.recvfrom(_LONGEST_PACKET)
            if self._stopped:
                return
            # RFC 2865 wants what is not understood to be dropped without an answer.
            with contextlib.suppress(ValueError, struct.error, OSError):
                self._socket.sendto(self._answer(packet), client)

    def _answer(self, packet: bytes) -> bytes:
        code, identifier, length, authenticator = _HEAD.unpack_from(packet)
        if code != ACCESS_REQUEST or not _HEAD.size <= length <= len(packet):
            raise ValueError("not an Access-Request")
        packet, secret = packet[:length], self.secret.encode()
        attributes = dict(_attributes(packet[_HEAD.size :]))
        if not _is_authentic(packet, attributes.get(MESSAGE_AUTHENTICATOR), secret):
            raise ValueError("the Message-Authenticator is wrong")
        user = attributes[USER_NAME].decode() if USER_NAME in attributes else ""
        password = reveal(attributes.get(USER_PASSWORD, b""), secret, authenticator)
        reason = self._why_refused(user, password)
        self._log.append(SignIn(user, reason is None, reason or ""))
        answer = ACCESS_ACCEPT if reason is None else ACCESS_REJECT
        return response(answer, identifier, authenticator, secret)

    def _why_refused(self, user: str, password: bytes) -> str | None:
        try:
            verdict = self._accepts(user, password.decode())
        except UnicodeDecodeError:
            return "the password is no text: do both sides have the same secret?"
        if verdict is None or verdict is True:
            return None
        return verdict or "refused"


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        kind, length = struct.unpack_from("!BB", content)
        if not 2 <= length <= len(content):
            raise ValueError("an attribute's length is wrong")
        yield kind, content[2:length]
        content = content[length:]


def _is_authentic(packet: bytes, found: bytes | None, secret: bytes) -> bool:
    """Whether the signature over the packet (RFC 2869, section 5.14) is right or absent."""
    if found is None:
        return True
    unsigned = packet.replace(found, bytes(len(found)), 1)
    return hmac.compare_digest(found, hmac.new(secret, unsigned, hashlib.md5).digest())


def conceal(password: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The password as a client sends it (RFC 2865, section 5.2)."""
    concealed, previous = b"", authenticator
    padded = password + bytes(-len(password) % _BLOCK)
    for start in range(0, len(padded), _BLOCK):
        previous = _xor(padded[start : start + _BLOCK], _md5(secret + previous))
        concealed += previous
    return concealed


def reveal(concealed: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """The password that :func:`conceal` made unreadable."""
    password, previous = b"", authenticator
    for start in range(0, len(concealed), _BLOCK):
        block = concealed[start : start + _BLOCK]
        password += _xor(block, _md5(secret + previous))
        previous = block
    return password.rstrip(b"\0")


def response(
    code: int, identifier: int, authenticator: bytes, secret: bytes, attributes: bytes | None = None
) -> bytes:
    """An answer to the request with this identifier and authenticator.

    Without `attributes` it carries a Message-Authenticator, which newer clients insist on.
    """
    if attributes is None:
        attributes = struct.pack("!BB16s", MESSAGE_AUTHENTICATOR, 18, bytes(16))
        unsigned = _HEAD.pack(code, identifier, _HEAD.size + 18, authenticator) + attributes
        attributes = attributes[:2] + hmac.new(secret, unsigned, hashlib.md5).digest()
    length = _HEAD.size + len(attributes)
    draft = _HEAD.pack(code, identifier, length, authenticator) + attributes
    return _HEAD.pack(code, identifier, length, _md5(draft + secret)) + attributes


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right))
