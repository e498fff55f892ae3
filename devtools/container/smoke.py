"""Builds the image and tests a container's life cycle, for `make smoke` and docker/smoke.

Starts PostgreSQL with TLS, the managed identity's endpoint, a Key Vault, the shares and the front
end on 127.0.0.1, and removes them all at the end. The image's layers are kept, so the next run is
quick.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from devtools.azure_standin import AzureStandin
from devtools.browser import MissingBrowserError
from devtools.certificates import CertificateAuthority
from devtools.channel import CHANNEL_NAME
from devtools.container import visit
from devtools.container.base_image import BASE, MissingBaseError, base_image
from devtools.container.container import Container, ContainerEndedError
from devtools.container.engine import Engine, EngineError, MissingEngineError, find_engine
from devtools.container.image import BuildFailedError, build_image
from devtools.container.site import FIRST_START_SECONDS, SUPERUSER, Site
from devtools.demo.narration import say, step
from devtools.kolibri_client import KolibriClient
from devtools.postgres import MissingPostgresError, PostgresError, PostgresServer

#: The limits from the issue and from App Service.
START_SECONDS, IDLE_STOP_SECONDS = 60, 5

#: Errors that a user can fix; their texts say how.
FAILURES = (
    BuildFailedError,
    ContainerEndedError,
    EngineError,
    MissingBaseError,
    MissingBrowserError,
    MissingEngineError,
    MissingPostgresError,
    OSError,
    PostgresError,
    requests.RequestException,
    subprocess.TimeoutExpired,
    visit.UnexpectedError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run all steps; return 0 if all succeeded."""
    parser = argparse.ArgumentParser(prog="make smoke", description=__doc__)
    parser.add_argument("--image", help="test this image instead of building one")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        engine = find_engine()
        say(f"The container image, with {engine.name}:")
        image = options.image or _built(engine)
        with _site(engine, image) as site:
            _live(site)
    except KeyboardInterrupt:
        return 130
    except FAILURES as error:
        say("")
        print(f"error: {error}", file=sys.stderr)
        return 1
    say(f"All is well, after {time.monotonic() - began:.0f} s.")
    return 0


def _built(engine: Engine) -> str:
    with step("the base: python:3.12-slim, or a stand-in of Debian's packages"):
        base = base_image(engine)
    with step(f"the image, on {'it' if base == BASE else base}"):
        return build_image(engine)


@contextmanager
def _site(engine: Engine, image: str) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="kolibri-smoke-") as name:
        folder = Path(name)
        authority = CertificateAuthority.create(folder / "authority")
        say("  PostgreSQL with TLS, the vault, the shares and the front end: starting")
        with (
            PostgresServer.temporary(authority) as postgres,
            AzureStandin(folder / "azure") as azure,
            Site.create(folder, engine, image, azure, postgres, authority) as site,
        ):
            yield site


def _live(site: Site) -> None:
    with site.start() as container:
        with step("the first container: filling an empty database, until it is ready"):
            container.wait_until_ready(FIRST_START_SECONDS)
        session = _populate(site, container)
        _read(site)
        with step("asking the doctor, in a container in mode `check`"):
            examined = site.run("check")
            if examined.code:
                raise visit.UnexpectedError(f"the doctor found faults:\n{examined.output}")
        with step("backing up the database, and verifying the backup"):
            visit.require_backup(container)
        with step("killing the container, as a crash would"):
            container.signal("KILL")
            container.wait(START_SECONDS)
    with site.start() as container:
        with step("a new container on the same database and shares, until it is ready"):
            container.wait_until_ready(START_SECONDS)
        with step("the session that the first one began, and the channel"):
            visit.require_user(session, SUPERUSER)
            visit.require_channel(session)
        _read(site)
        _stop(container)


def _populate(site: Site, container: Container) -> KolibriClient:
    """Set up the site through its interface; return the administrator's session."""
    with step("signing in as the administrator, and making a learner"):
        session = site.signed_in()
        session.create_learner(visit.LEARNER, visit.LEARNER_PASSWORD, visit.LEARNER)
    with step("checking that visitors can't sign up, or sign in without a password"):
        visit.require_private_facility(site)
    with step(f"importing the generated channel {CHANNEL_NAME}"):
        site.import_channel(container)
        visit.require_channel(session)
    return session


def _read(site: Site) -> None:
    with step("the learner's HTML5 page in Chromium, from the second origin"):
        visit.require_content_origin(site)


def _stop(container: Container) -> None:
    with step("stopping it with SIGTERM"):
        code, seconds = container.stop()
    if code or seconds > IDLE_STOP_SECONDS:
        raise visit.UnexpectedError(
            f"it should end with 0 within {IDLE_STOP_SECONDS} s, but ended with {code} after "
            f"{seconds:.1f} s; {container.log_tail()}"
        )


if __name__ == "__main__":
    sys.exit(main())
