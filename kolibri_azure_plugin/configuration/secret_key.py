"""Django's secret key: from the vault, or generated for a test deployment."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from secrets import token_urlsafe

from kolibri_azure_plugin.configuration.context import Context
from kolibri_azure_plugin.configuration.settings import MIN_SECRET_KEY_LENGTH
from kolibri_azure_plugin.errors import SecretError
from kolibri_azure_plugin.errors.remedies import set_secret
from kolibri_azure_plugin.errors.retry import Deadline, retry_until_deadline

TEST_SECRET_KEY_FILE = "azure_test_secret_key"


def prepare_secret_key(context: Context, home: str, deadline: Deadline) -> str:
    """Django's secret key.

    :param home: the folder in which a test deployment without a key keeps a generated one.
    :raises KolibriAzureError: when there is no usable key.
    """
    key = retry_until_deadline(lambda: find_secret_key(context), deadline)
    return key or _test_secret_key(Path(home) / TEST_SECRET_KEY_FILE)


def find_secret_key(context: Context) -> str | None:
    """Django's secret key; None for a test deployment without one.

    :raises KolibriAzureError: when a production deployment has none, or the key is too short.
    """
    name = context.settings.signing_key_secret
    if context.settings.is_test and context.vault is None and not context.secrets.find(name):
        return None
    key = context.secrets.get(name)
    if len(key) < MIN_SECRET_KEY_LENGTH:
        raise SecretError(
            f"Secret {name} can't be Django's secret key.",
            expected=f"{MIN_SECRET_KEY_LENGTH} random characters or more",
            found=f"{len(key)} characters",
            remedy=f"openssl rand -hex 32 > FILE\n{set_secret(name)}",
            code="secret-key-short",
        )
    return key


def _test_secret_key(path: Path) -> str:
    """A random key in a file, which all processes of a test deployment share."""
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name) as file:
            file.write(token_urlsafe(48))
            file.flush()
            # Linking is atomic: the first process wins, and the file is never half written.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()
