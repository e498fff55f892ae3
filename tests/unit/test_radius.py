"""The RADIUS server, with pyrad's own client."""

from __future__ import annotations

import os
import socket

import pytest
from pyrad.packet import AccessAccept, AccessReject, AuthPacket

from devtools.radius import DICTIONARY, RadiusServer

TOKEN = "standin." + "t" * 92


class ForgedError(Exception):
    """The answer is not from a server with the secret."""


def accepts(user: str, password: str) -> str | None:
    return None if (user, password) == ("kolibri", TOKEN) else "expired"


def ask(
    server: RadiusServer, user: str, password: str, *, secret: str = "", signed: bool = True
) -> AuthPacket:
    """The answer to an Access-Request."""
    request = AuthPacket(secret=(secret or server.secret).encode(), dict=DICTIONARY)
    request["User-Name"] = user
    request["User-Password"] = request.PwCrypt(password)
    if signed:
        request.add_message_authenticator()
    content = send(server, request.RequestPacket())
    answer = request.CreateReply(packet=content)
    if not request.VerifyReply(answer, content):
        raise ForgedError
    return answer


def send(server: RadiusServer, packet: bytes, seconds: float = 5) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.sendto(packet, ("127.0.0.1", server.port))
        return client.recv(4096)


@pytest.mark.parametrize("signed", [False, True])
def test_the_function_decides_and_the_log_says_why(signed: bool) -> None:
    with RadiusServer(accepts) as server:
        good, bad = (ask(server, "kolibri", p, signed=signed) for p in (TOKEN, "old"))
        assert (good.code, bad.code) == (AccessAccept, AccessReject)
        assert [(each.user, each.accepted, each.reason) for each in server.log] == [
            ("kolibri", True, ""),
            ("kolibri", False, "expired"),
        ]
        assert TOKEN not in repr(server.log)


def test_an_answer_is_signed() -> None:
    with RadiusServer(accepts, secret="shared") as server:
        answer = ask(server, "kolibri", TOKEN)
    assert answer["Message-Authenticator"]


def test_plain_true_and_false_will_do() -> None:
    with RadiusServer(lambda user, _: user == "anna") as server:
        assert ask(server, "anna", "x").code == AccessAccept
        assert ask(server, "otto", "x").code == AccessReject
        assert server.log[1].reason == "refused"


def test_forged_and_malformed_packets_are_dropped() -> None:
    request = AuthPacket(secret=b"shared", dict=DICTIONARY, User_Name="kolibri")
    request["User-Password"] = request.PwCrypt(TOKEN)
    request.add_message_authenticator()
    real = request.RequestPacket()
    forged = real[:-1] + bytes([real[-1] ^ 1])
    incomplete = AuthPacket(secret=b"shared", dict=DICTIONARY, User_Name="kolibri").RequestPacket()
    with RadiusServer(accepts, secret="shared") as server:
        for packet in (forged, incomplete, b"", b"\x01", bytes(20), os.urandom(200)):
            with pytest.raises(OSError, match="timed out"):
                send(server, packet, 0.1)
        assert server.log == []
        assert ask(server, "kolibri", TOKEN).code == AccessAccept


def test_a_client_with_another_secret_is_not_let_in_and_finds_the_answer_forged() -> None:
    with RadiusServer(accepts) as server:
        with pytest.raises(ForgedError):
            ask(server, "kolibri", TOKEN, secret="another", signed=False)
        assert [each.accepted for each in server.log] == [False]
