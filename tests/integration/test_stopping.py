"""A server that is told to end does so at once, whatever it has done before."""

from __future__ import annotations

import signal

import pytest

from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import start_kolibri
from devtools.kolibri_client import KolibriClient

pytestmark = pytest.mark.slow


def test_kolibri_start_ends_after_users_have_signed_in(instance):
    with start_kolibri(instance) as server:
        server.wait_until_serving()
        KolibriClient(server.url).sign_in(SUPERUSER, SUPERUSER_PASSWORD)

        server.signal(signal.SIGTERM)

        assert server.wait_for_exit(30) == 0
