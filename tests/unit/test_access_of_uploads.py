"""The doctor tells apart the faults of the share for uploads, by the port of its server."""

from __future__ import annotations

import contextlib
import errno
import socket
from types import SimpleNamespace

import pytest
from kolibri.utils.conf import KOLIBRI_HOME

from devtools.ports import free_port
from kolibri_azure_plugin.configuration import context
from kolibri_azure_plugin.content import media, mounts, probe, share_server
from kolibri_azure_plugin.doctor.checks.content import uploads_access
from kolibri_azure_plugin.errors import ContentShareError

MEDIA = media.media_folder(KOLIBRI_HOME)


@pytest.fixture
def port(tmp_path, monkeypatch):
    """The port of the share's server on this machine, where nothing listens."""
    table, number = tmp_path / "mountinfo", free_port()
    table.write_text(f"36 25 0:40 / {MEDIA} rw,relatime - cifs //127.0.0.1/uploads rw,soft\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", str(table))
    monkeypatch.setitem(share_server.PORTS, "cifs", number)
    return number


def failure():
    with pytest.raises(ContentShareError) as caught:
        uploads_access(SimpleNamespace(context=context.current()))
    return caught.value


def test_a_server_that_refuses_connections_is_told(port, hangs):
    hangs(MEDIA)

    error = failure()

    assert error.code == "share-refused"
    assert f"127.0.0.1, port {port}, refuses connections" in error.found


def test_a_share_that_hangs_although_its_server_answers_is_told(port, hangs):
    hangs(MEDIA)
    with contextlib.closing(socket.create_server(("127.0.0.1", port))):
        error = failure()

    assert error.code == "share-hangs"
    assert "accepts connections" in error.found


def test_a_key_that_was_changed_is_told_with_the_command_for_this_share(port, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.EKEYREJECTED, "Key was rejected by service")

    monkeypatch.setattr(probe, "touch", refuse)
    with contextlib.closing(socket.create_server(("127.0.0.1", port))):
        error = failure()

    assert error.code == "share-key"
    assert "--share-name MEDIA_SHARE" in error.remedy
