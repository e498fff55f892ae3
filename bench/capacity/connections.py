"""Lets one process of locust keep the connections of thousands of children."""

from __future__ import annotations

import resource
from typing import Any

from gevent.monkey import get_original
from geventhttpclient.connectionpool import ConnectionPool

#: The method of geventhttpclient that tests a kept connection before its next request.
TEST = "_is_socket_alive"

POLL, READABLE = get_original("select", ["poll", "POLLIN"])


def allow_many_connections() -> None:
    """Allow as many open files as the system does, and use them.

    geventhttpclient tests a kept connection with select(), which fails for file descriptors from
    1024 on. It then opens a new connection for each request, which no browser does.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if hasattr(ConnectionPool, TEST):
        setattr(ConnectionPool, TEST, _is_open)


def _is_open(_pool: ConnectionPool, connection: Any) -> bool:
    """Whether a kept connection has nothing to read; its end would be something to read."""
    if connection is None or connection.fileno() < 0:
        return False
    poll = POLL()
    poll.register(connection, READABLE)
    return not poll.poll(0)
