"""Every error of the plugin, each with what to do about it.

KolibriAzureError
├── SettingsError         a setting or the Kolibri version can't be used
├── IdentityError         the managed identity issues no token
├── VaultError            Key Vault does not return a secret
├── SecretError           a secret is missing, or its value can't be used
├── DatabaseError         PostgreSQL can't be reached, or not safely
├── ContentShareError     the content share, or the media share, can't be used
│   └── InterruptedImportError  an import could not continue
├── ChannelError          a channel that a setting names can't be imported
├── ProvisioningError     a fresh deployment can't be set up
├── SyncError             a sync with a school can't continue
├── MovingInError         another Kolibri's data can't be moved into the deployment
└── BackupError           the database can't be backed up or restored
"""

from __future__ import annotations

from kolibri_azure_plugin import DOCUMENTATION
from kolibri_azure_plugin.errors.remedies import fill_in
from kolibri_azure_plugin.errors.wording import with_reason

#: The page with a section for each ``code``.
TROUBLESHOOTING_PAGE = f"{DOCUMENTATION}/troubleshooting.md"


class KolibriAzureError(Exception):
    """The root of every error that the plugin raises.

    :param failed: what could not be done, in one sentence.
    :param expected: what would have been right.
    :param found: what was found instead; never a secret.
    :param remedy: the command to run or the setting to change.
    :param code: its section in docs/troubleshooting.md. A code never changes its meaning.
    :param transient: True if waiting may help; a start then tries again.
    :param retry_after: seconds to wait before the next try, if the service asked for that.
    """

    def __init__(
        self,
        failed: str,
        *,
        expected: str,
        found: str,
        remedy: str,
        code: str,
        transient: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(failed)
        self.failed = failed
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.code = code
        self.transient = transient
        self.retry_after = retry_after

    @property
    def documentation(self) -> str:
        """The address of the section that explains this error."""
        return f"{TROUBLESHOOTING_PAGE}#{self.code}"

    @property
    def summary(self) -> str:
        """What failed and what was found, for one line of a log."""
        return with_reason(self.failed, self.found)

    def instructions(self) -> str:
        """The error as an administrator reads it: what failed, and what to do."""
        parts = (
            ("expected", self.expected),
            ("found", self.found),
            ("fix", fill_in(self.remedy)),
            ("more", self.documentation),
        )
        indent = "\n" + " " * 14
        lines = [f"  {label + ':':<12}{indent.join(text.splitlines())}" for label, text in parts]
        return "\n".join([self.failed, *lines])


class SettingsError(KolibriAzureError):
    """A setting, or the Kolibri version, can't be used."""


class IdentityError(KolibriAzureError):
    """The managed identity issues no token."""


class VaultError(KolibriAzureError):
    """Key Vault does not return a secret."""


class SecretError(KolibriAzureError):
    """A secret is missing, or its value can't be used."""


class DatabaseError(KolibriAzureError):
    """PostgreSQL can't be reached, or not safely."""


class ContentShareError(KolibriAzureError):
    """The content share, or the media share, can't be used."""


class InterruptedImportError(ContentShareError):
    """An import could not continue. Kolibri's tasks show its text, so that has it all."""

    def __str__(self) -> str:
        return self.instructions()


class ChannelError(KolibriAzureError):
    """A channel that a setting names can't be imported."""


class ProvisioningError(KolibriAzureError):
    """A fresh deployment can't be set up."""


class SyncError(KolibriAzureError):
    """A sync with a school can't continue."""


class MovingInError(KolibriAzureError):
    """Another Kolibri's data can't be moved into the deployment."""


class BackupError(KolibriAzureError):
    """The database can't be backed up, or a backup can't be restored."""
