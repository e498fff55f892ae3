"""The container image, built once, and sites that run it."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from devtools.azure_standin import AzureStandin
from devtools.container import visit
from devtools.container.base_image import MissingBaseError
from devtools.container.engine import MissingEngineError, find_engine
from devtools.container.image import build_image
from devtools.container.site import FIRST_START_SECONDS, Site

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engine():
    try:
        return find_engine()
    except MissingEngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(engine):
    """The image of this checkout."""
    try:
        return build_image(engine)
    except MissingBaseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def make_site(tmp_path_factory, engine, image, postgres, authority):
    """Make sites, each with its own vault and empty database."""
    with contextlib.ExitStack() as started:

        def make(**settings: str) -> Site:
            folder = tmp_path_factory.mktemp("site")
            azure = started.enter_context(AzureStandin(folder / "azure"))
            name = f"kolibri_image_{next(_numbers)}"
            site = Site.create(folder, engine, image, azure, postgres, authority, database=name)
            site.settings.update(settings)
            return started.enter_context(site)

        yield make


@pytest.fixture(scope="module")
def site(make_site):
    """A site with a learner and the channel, whose container is stopped."""
    site = make_site()
    with site.start() as container:
        container.wait_until_ready(FIRST_START_SECONDS)
        session = site.signed_in()
        session.create_learner(visit.LEARNER, visit.LEARNER_PASSWORD, visit.LEARNER)
        site.import_channel(container)
    return site


@pytest.fixture
def container(site):
    """A container of the site that is ready."""
    with site.start() as container:
        container.wait_until_ready(180)
        yield container
