"""The two sides of the comparison: stock Kolibri, and the processes of the image."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Union
from urllib.parse import urlsplit

from bench.deployment import DATABASE, USER
from bench.startup import stock_environment
from devtools import container_processes
from devtools.azure_standin import AzureStandin
from devtools.container_processes import ContainerProcesses
from devtools.deployment import Deployment
from devtools.instances import another_instance
from devtools.kolibri_process import Kolibri, WebProcess
from devtools.postgres import PostgresServer

STOCK, IMAGE = "stock", "image"

STOCK_DATABASE = f"{DATABASE}_stock"

START_SECONDS = 120

#: A server of either side, which answers at `url`.
Server = Union[WebProcess, ContainerProcesses]

_homes = itertools.count()


@dataclass(frozen=True)
class Side:
    """One of the two sides.

    :param ready: the address that answers 200 once the side is ready for visitors.
    :param begin: starts it in its own home, with PostgreSQL at the given port.
    """

    name: str
    database: str
    ready: str
    begin: Callable[[int], Server]


def both(
    deployment: Deployment,
    postgres: PostgresServer,
    azure: AzureStandin,
    folder: Path,
    static: Path,
) -> tuple[Side, Side]:
    """Return stock Kolibri and the image, each with a copy of the deployment's database.

    :param folder: the parent of their homes.
    :param static: the static files of the image.
    """
    postgres.clone_database(DATABASE, STOCK_DATABASE, owner=USER)

    def start_stock(port: int) -> WebProcess:
        home = folder / f"stock-{next(_homes)}"
        environment = {
            **stock_environment(deployment, postgres, home),
            "HOME": str(home),
            "KOLIBRI_CONTENT_DIR": str(deployment.share),
            "KOLIBRI_DATABASE_NAME": STOCK_DATABASE,
            "KOLIBRI_DATABASE_PORT": str(port),
        }
        return Kolibri(home, environment, python=deployment.python).start()

    def start_image(port: int) -> ContainerProcesses:
        url = deployment.database_url.replace(f":{postgres.port}/", f":{port}/")
        azure.set_secret("kolibri-database-url", url)
        instance = another_instance(deployment, folder / f"image-{next(_homes)}")
        return container_processes.begin(instance, static=static)

    return (
        Side(STOCK, STOCK_DATABASE, "/status/", start_stock),
        Side(IMAGE, DATABASE, "/azure/health/ready", start_image),
    )


def start(side: Side, port: int) -> tuple[Server, float]:
    """Start a side; return it with the seconds until its first good answer."""
    began = time.monotonic()
    server = side.begin(port)
    try:
        server.wait_until(lambda: _is_ready(server.url + side.ready), side.ready, START_SECONDS)
    except BaseException:
        server.stop()
        raise
    return server, time.monotonic() - began


def _is_ready(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
