"""The RADIUS server against the examples of RFC 2865 and a client of a few lines."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct

import pytest

from devtools.radius import (
    ACCESS_ACCEPT,
    ACCESS_REJECT,
    RadiusServer,
    conceal,
    response,
    reveal,
)

# RFC 2865, section 7.1
EXAMPLE_SECRET = b"xyzzy5461"
EXAMPLE_AUTHENTICATOR = bytes.fromhex("0f403f9473978057bd83d5cb98f4227a")
EXAMPLE_CONCEALED = bytes.fromhex("0dbe708d93d413ce3196e43f782a0aee")
EXAMPLE_RESPONSE = bytes.fromhex(
    "0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103"
)

TOKEN = "standin." + "t" * 92


class ForgedError(Exception):
    """The answer does not come from a server that has the secret."""


def accepts(user: str, password: str) -> str | None:
    return None if (user, password) == ("kolibri", TOKEN) else "expired"


def ask(
    server: RadiusServer, user: str, password: str, *, secret: str = "", signed: bool | None = None
) -> bytes | None:
    """The answer to an Access-Request, None when there is none; `signed=False` forges."""
    shared = (secret or server.secret).encode()
    authenticator = os.urandom(16)
    concealed = conceal(password.encode(), shared, authenticator)
    attributes = bytes([1, 2 + len(user)]) + user.encode()
    attributes += bytes([2, 2 + len(concealed)]) + concealed
    if signed is not None:
        unsigned = attributes + struct.pack("!BB16s", 80, 18, bytes(16))
        head = struct.pack("!BBH16s", 1, 7, 20 + len(unsigned), authenticator)
        signature = hmac.new(shared, head + unsigned, hashlib.md5).digest()
        attributes = unsigned[:-16] + (signature if signed else os.urandom(16))
    packet = struct.pack("!BBH16s", 1, 7, 20 + len(attributes), authenticator) + attributes
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5 if signed is not False else 0.3)
        client.sendto(packet, ("127.0.0.1", server.port))
        try:
            answer = client.recv(4096)
        except OSError:
            return None
    if response(answer[0], 7, authenticator, shared, answer[20:]) != answer:
        raise ForgedError
    return answer


def test_the_rfcs_password_is_revealed_and_concealed() -> None:
    assert reveal(EXAMPLE_CONCEALED, EXAMPLE_SECRET, EXAMPLE_AUTHENTICATOR) == b"arctangent"
    assert conceal(b"arctangent", EXAMPLE_SECRET, EXAMPLE_AUTHENTICATOR) == EXAMPLE_CONCEALED


def test_the_rfcs_response_is_made() -> None:
    attributes = EXAMPLE_RESPONSE[20:]
    made = response(ACCESS_ACCEPT, 0, EXAMPLE_AUTHENTICATOR, EXAMPLE_SECRET, attributes)
    assert made == EXAMPLE_RESPONSE


@pytest.mark.parametrize("length", [1, 15, 16, 17, 100, 128])
def test_passwords_of_every_length_survive(length: int) -> None:
    password, authenticator = os.urandom(length - 1) + b"x", os.urandom(16)
    assert reveal(conceal(password, b"s", authenticator), b"s", authenticator) == password


@pytest.mark.parametrize("signed", [None, True])
def test_the_function_decides_and_the_log_says_why(signed: bool | None) -> None:
    with RadiusServer(accepts) as server:
        good, bad = (ask(server, "kolibri", p, signed=signed) for p in (TOKEN, "old"))
        assert good is not None
        assert bad is not None
        assert (good[0], bad[0]) == (ACCESS_ACCEPT, ACCESS_REJECT)
        assert [(each.user, each.accepted, each.reason) for each in server.log] == [
            ("kolibri", True, ""),
            ("kolibri", False, "expired"),
        ]
        assert TOKEN not in repr(server.log)


def test_an_answer_is_signed() -> None:
    with RadiusServer(accepts, secret="shared") as server:
        answer = ask(server, "kolibri", TOKEN)
    assert answer is not None
    assert answer[20:22] == bytes([80, 18])


def test_plain_true_and_false_will_do() -> None:
    with RadiusServer(lambda user, _: user == "anna") as server:
        assert (ask(server, "anna", "x") or b"")[0] == ACCESS_ACCEPT
        assert (ask(server, "otto", "x") or b"")[0] == ACCESS_REJECT
        assert server.log[1].reason == "refused"


def test_what_is_forged_or_no_request_is_dropped_and_the_server_lives_on() -> None:
    with RadiusServer(accepts) as server:
        assert ask(server, "kolibri", TOKEN, signed=False) is None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for packet in (b"", b"\x01", bytes(20), os.urandom(200)):
                client.sendto(packet, ("127.0.0.1", server.port))
        assert server.log == []
        assert (ask(server, "kolibri", TOKEN) or b"")[0] == ACCESS_ACCEPT


def test_a_client_with_another_secret_is_not_let_in_and_finds_the_answer_forged() -> None:
    with RadiusServer(accepts) as server:
        with pytest.raises(ForgedError):
            ask(server, "kolibri", TOKEN, secret="another")
        assert [each.accepted for each in server.log] == [False]
