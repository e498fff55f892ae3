"""Finds the configured database, and signs in to it."""

from __future__ import annotations

import logging
from typing import Any

import psycopg2

from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.database.config import DatabaseConfig, Login, parse_url, read_config
from kolibri_azure_plugin.database.connections import Database, login_parameters
from kolibri_azure_plugin.database.credentials import (
    Credentials,
    EntraCredentials,
    PasswordCredentials,
)
from kolibri_azure_plugin.errors import remedies
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline

logger = logging.getLogger(__name__)


def prepare_database(context: Context, deadline: Deadline) -> Database:
    """The configured database, after a successful sign-in.

    :raises KolibriAzureError: when the sign-in does not succeed within the deadline.
    """
    database = retry_until_deadline(lambda: find_database(context), deadline)
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


def find_database(context: Context) -> Database:
    """The configured database, without connecting to it.

    :raises KolibriAzureError: when none is configured, or the connection would be unsafe.
    """
    config, login = read_config(context.deployment, context.secrets)
    remedies.note_database(config.host)
    return Database(config, _credentials(context, config, login))


def connect(database: Database, deadline: Deadline) -> Any:
    """Open a psycopg2 connection.

    :raises KolibriAzureError: when it can't be opened within the deadline.
    """
    parameters = database.config.connection_parameters()
    return database.open(
        lambda login: psycopg2.connect(**parameters, **login_parameters(login)), deadline
    )


def _credentials(context: Context, config: DatabaseConfig, login: Login) -> Credentials:
    if context.settings.database_auth == "entra":
        return EntraCredentials(config.user, context.identity)

    def read_again() -> Login:
        value = context.secrets.reread(config.secret)
        if config.from_url:
            return parse_url(value, context.settings)[1]
        return Login(config.user, value)

    return PasswordCredentials(login, read_again)
