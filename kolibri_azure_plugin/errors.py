"""Every error of the plugin, each with what to do about it.

KolibriAzureError
├── SettingsError         a setting or the Kolibri version can't be used
├── IdentityError         the managed identity gives no token
├── VaultError            Key Vault does not hand out a secret
├── SecretError           a secret is missing, or its value can't be used
├── DatabaseError         PostgreSQL can't be reached, or not safely
├── ContentShareError     the content share, or the media share, can't be used
│   └── InterruptedImportError  an import could not go on
├── CacheError            Redis can't be used
├── ProvisioningError     a fresh deployment can't be set up
└── SyncError             a sync with a school can't go on
"""

from __future__ import annotations

from kolibri_azure_plugin import DOCUMENTATION
from kolibri_azure_plugin.remedies import fill_in

#: Where the sections live that the ``code`` of an error names.
TROUBLESHOOTING_PAGE = f"{DOCUMENTATION}/troubleshooting.md"


class KolibriAzureError(Exception):
    """The root of every error that the plugin raises.

    :param failed: what could not be done, in one sentence.
    :param expected: what would have been right.
    :param found: what was there instead; never a secret.
    :param remedy: the command to run or the setting to change.
    :param code: names the section of docs/troubleshooting.md; it never changes its meaning.
    :param transient: True when waiting may help, so that start-up tries again.
    :param retry_after: seconds that the other side asked to be left alone.
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

    def instructions(self) -> str:
        """The error as an administrator reads it: what failed, and what to do."""
        parts = (
            ("expected", self.expected),
            ("found", self.found),
            ("to mend it", fill_in(self.remedy)),
            ("more", self.documentation),
        )
        indent = "\n" + " " * 14
        lines = [f"  {label + ':':<12}{indent.join(text.splitlines())}" for label, text in parts]
        return "\n".join([self.failed, *lines])


class SettingsError(KolibriAzureError):
    """A setting, or the Kolibri version, can't be used."""


class IdentityError(KolibriAzureError):
    """The managed identity gives no token."""


class VaultError(KolibriAzureError):
    """Key Vault does not hand out a secret."""


class SecretError(KolibriAzureError):
    """A secret is missing, or its value can't be used."""


class DatabaseError(KolibriAzureError):
    """PostgreSQL can't be reached, or not safely."""


class ContentShareError(KolibriAzureError):
    """The content share, or the media share, can't be used."""


class InterruptedImportError(ContentShareError):
    """An import could not go on. Kolibri's tasks show the text of an error, so it holds it all."""

    def __str__(self) -> str:
        return self.instructions()


class CacheError(KolibriAzureError):
    """Redis can't be used."""


class ProvisioningError(KolibriAzureError):
    """A fresh deployment can't be set up."""


class SyncError(KolibriAzureError):
    """A sync with a school can't go on."""
