"""The start of a process that needs Django: content share, secrets, database, in this order.

Nothing is written to a database before all three are right.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import psycopg2

from kolibri_azure_plugin import remedies
from kolibri_azure_plugin.cloud.files import FileShare
from kolibri_azure_plugin.content import share
from kolibri_azure_plugin.context import Context
from kolibri_azure_plugin.database.config import DatabaseConfig, Login, parse_url, read_config
from kolibri_azure_plugin.database.connections import Database, login_parameters
from kolibri_azure_plugin.database.credentials import (
    Credentials,
    EntraCredentials,
    PasswordCredentials,
)
from kolibri_azure_plugin.errors import ContentShareError, SecretError
from kolibri_azure_plugin.retry import Deadline, until_it_works

logger = logging.getLogger(__name__)

#: Django warns of shorter ones; anybody who guesses it can sign in as anybody.
SHORTEST_SECRET_KEY = 32

TEST_SECRET_KEY_FILE = "azure_test_secret_key"


def verify_content(context: Context, deadline: Deadline) -> None:
    """Make sure that the content share is there and works.

    :raises KolibriAzureError: when it does not within the deadline.
    """
    until_it_works(lambda: verify_content_once(context), deadline)


def verify_content_once(context: Context) -> share.VerifiedShare:
    """The content share, mounted and working, and the same one that the account shows.

    :raises KolibriAzureError: when it is not.
    """
    settings = context.settings
    # What the mount is comes first: it needs no network.
    mount = share.find_mount(settings.content_mount, settings.mount_types)
    remedies.note_mount(mount.source)
    if not settings.content_share:
        return share.VerifiedShare(mount, share.use(settings.content_mount))
    account = FileShare(settings.content_share, context.identity)
    with account.marker() as (name, text):
        measurements = share.use(settings.content_mount, name)
    if measurements.marker != text:
        raise ContentShareError(
            f"What is mounted at {settings.content_mount} is another share.",
            expected=f"share {account.name} of account {account.account}",
            found=f"{mount.source}, without the marker that the account shows",
            remedy="Correct KOLIBRI_AZURE_CONTENT_SHARE, or mount the right share.",
            code="share-differs",
        )
    return share.VerifiedShare(mount, measurements)


def prepare_database(context: Context, options: Mapping[str, Any], deadline: Deadline) -> Database:
    """The database that the secrets name, once it has been signed in to.

    :param options: section ``[Database]`` of Kolibri's options.
    :raises KolibriAzureError: when it can't be, within the deadline.
    """
    database = until_it_works(lambda: find_database(context, options), deadline)
    connect(database, deadline).close()
    config = database.config
    logger.info(
        "PostgreSQL at %s answers: database %s, user %s, sslmode %s.",
        config.host,
        config.name,
        config.user,
        config.options["sslmode"],
    )
    return database


def find_database(context: Context, options: Mapping[str, Any]) -> Database:
    """The database that settings and secrets name; nothing is connected to.

    :param options: section ``[Database]`` of Kolibri's options.
    :raises KolibriAzureError: when they name none, or one that is not safe.
    """
    config, login = read_config(context.settings, context.secrets, options, os.environ)
    remedies.note_database(config.host)
    return Database(config, _credentials(context, config, login))


def connect(database: Database, deadline: Deadline) -> Any:
    """A connection of psycopg2.

    :raises KolibriAzureError: when there is none within the deadline.
    """
    parameters = database.config.connection_parameters()
    return database.open(
        lambda login: psycopg2.connect(**parameters, **login_parameters(login)), deadline
    )


def prepare_secret_key(context: Context, home: str, deadline: Deadline) -> str:
    """Django's secret key.

    :param home: where a test deployment that has none keeps one of its own.
    :raises KolibriAzureError: when there is none that can be used.
    """
    key = until_it_works(lambda: find_secret_key(context), deadline)
    return key or _test_secret_key(Path(home) / TEST_SECRET_KEY_FILE)


def find_secret_key(context: Context) -> str | None:
    """Django's secret key; None for a test deployment that has none.

    :raises KolibriAzureError: when there is none otherwise, or one that is too short.
    """
    name = context.settings.secret_key_secret
    if context.settings.is_test and context.vault is None and not context.secrets.find(name):
        return None
    key = context.secrets.get(name)
    if len(key) < SHORTEST_SECRET_KEY:
        raise SecretError(
            f"Secret {name} can't be Django's secret key.",
            expected=f"{SHORTEST_SECRET_KEY} random characters or more",
            found=f"{len(key)} characters",
            remedy="openssl rand -hex 32 > FILE\n"
            f"az keyvault secret set --vault-name NAME -n {name} --file FILE",
            code="secret-key-short",
        )
    return key


def announce_test_deployment(postgresql: bool, content: str) -> None:
    """Say what a test deployment may lose."""
    logger.warning(
        "THIS IS A TEST DEPLOYMENT (KOLIBRI_AZURE_DEPLOYMENT=test). Database: %s. "
        "Content: %s. Data may be lost with the container; never let learners work on it.",
        "PostgreSQL" if postgresql else "SQLite inside the container",
        content,
    )


def _credentials(context: Context, config: DatabaseConfig, login: Login) -> Credentials:
    if context.settings.database_auth == "entra":
        return EntraCredentials(config.user, context.identity)

    def read_again() -> Login:
        value = context.secrets.reread(config.secret)
        if config.secret == context.settings.database_url_secret:
            return parse_url(value, context.settings)[1]
        return Login(config.user, value)

    return PasswordCredentials(login, read_again)


def _test_secret_key(path: Path) -> str:
    """A random key in a file of a test deployment, so that all its processes have the same."""
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:
            file.write(token_urlsafe(48))
            file.flush()
            # Whole from the first moment on, and of whoever comes first.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()
