"""Kolibri on another major version of PostgreSQL than in the other tests."""

from __future__ import annotations

import json

import pytest

from devtools.deployment import Deployment
from devtools.postgres import PostgresServer

from .conftest import PASSWORD

#: The versions on PyPI with TLS. The other tests use the machine's own, 15 on Debian 12.
VERSION = "17"


@pytest.mark.slow
@pytest.mark.usefixtures("mounts")
def test_kolibri_migrates_and_is_well_on_another_postgresql(tmp_path, azure, authority):
    with PostgresServer.temporary(authority, version=VERSION) as server:
        server.create_role("kolibri", PASSWORD)
        server.create_database("kolibri", owner="kolibri")
        deployment = Deployment.create(
            tmp_path, azure, server, authority,
            database="kolibri", user="kolibri", password=PASSWORD,
        )  # fmt: skip
        deployment.provision()
        answer = deployment.run("manage", "azure_check", "--only", "database", "--format", "json")
    checks = {check["id"]: check for check in json.loads(answer.stdout)["checks"]}
    assert checks["azure.database.version"]["measurements"]["version"] == int(VERSION)
    for needed in ("encryption", "migrations", "sign_in", "rights"):
        assert checks[f"azure.database.{needed}"]["status"] == "pass"
