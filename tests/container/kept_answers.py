"""Requests for the answers that nginx keeps for all, as nginx and as learners send them."""

from __future__ import annotations

import contextlib
import http.client
import socket

from devtools.kolibri_client import KolibriClient

#: The header with which nginx requests a mark.
ASKED = {"X-Shared-Response": "yes"}


def over_socket(path, address, method, headers):
    """The answer's headers, in lower case, and its status as `status`."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    with contextlib.closing(connection):
        connection.request(method, address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return {"status": answer.status, **{k.lower(): v for k, v in answer.getheaders()}}


def cookies(client):
    return {"Cookie": "; ".join(f"{each.name}={each.value}" for each in client.session.cookies)}


def make_learners(url, administrator):
    """Two signed-in learners, one of them in a class."""
    accounts = [
        administrator.create_learner(name, f"{name}-password", f"{name} of the mountains")
        for name in ("anna", "ben")
    ]
    facility = administrator.facility()["id"]
    school = administrator.post("/api/auth/classroom/", {"name": "5b", "parent": facility})
    administrator.post(
        "/api/auth/membership/", {"user": accounts[0]["id"], "collection": school["id"]}
    )
    clients = []
    for account in accounts:
        client = KolibriClient(url)
        client.sign_in(account["username"], f"{account['username']}-password")
        client.account = account
        clients.append(client)
    return clients
