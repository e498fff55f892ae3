"""Access to the content share through the storage account's SDK."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from kolibri_azure_plugin.cloud.identity import Identity
from kolibri_azure_plugin.cloud.network import (
    CLIENT_OPTIONS,
    TRANSIENT_STATUS,
    explain_unreachable,
    retry_after,
)
from kolibri_azure_plugin.errors import ContentShareError, KolibriAzureError, SettingsError
from kolibri_azure_plugin.errors.redaction import redact

MARKER_PREFIX = ".kolibri-azure-marker-"

#: The domain of file shares in Azure's public cloud.
FILE_SUFFIX = "file.core.windows.net"

SHARES = "az storage share-rm"


class FileShare:
    """A share of a storage account.

    :param share: ``ACCOUNT/SHARE``. In other Azure clouds, ACCOUNT is a full host name.
    :raises SettingsError: when it has another form.
    """

    def __init__(self, share: str, identity: Identity) -> None:
        account, _, name = share.partition("/")
        if not account or not name or "/" in name:
            raise SettingsError(
                "The content share can't be found from the settings.",
                expected="ACCOUNT/SHARE",
                found=f"KOLIBRI_AZURE_CONTENT_SHARE is {share!r}",
                remedy=f"{SHARES} list -g GROUP --storage-account ACCOUNT --query '[].name'",
                code="share-name",
            )
        self.host = account if "." in account else f"{account}.{FILE_SUFFIX}"
        self.account = account.partition(".")[0]
        self.name = name
        self._identity = identity

    @contextlib.contextmanager
    def marker(self) -> Iterator[tuple[str, str]]:
        """Put a small temporary file into the root of the share; yields its name and text.

        :raises ContentShareError: when the account does not accept it.
        :raises IdentityError: when there is no token.
        """
        text = uuid.uuid4().hex
        client = self._file(MARKER_PREFIX + text)
        try:
            client.upload_file(text.encode())
        except (KolibriAzureError, ImportError):
            raise
        except Exception as error:
            raise self._explain(error) from error
        try:
            yield client.file_name, text
        finally:
            with contextlib.suppress(Exception):
                # A marker that remains does no harm. It has a few bytes and a telling name.
                client.delete_file()

    def _file(self, name: str) -> Any:
        from azure.storage.fileshare import ShareFileClient

        return ShareFileClient(
            f"https://{self.host}",
            self.name,
            name,
            credential=self._identity,
            token_intent="backup",
            **CLIENT_OPTIONS,
        )

    def _explain(self, error: Exception) -> ContentShareError:
        failed = f"The share {self.name} of the storage account {self.account} is not accessible."
        expected = f"share {self.name}, readable and writable for {self._identity.name}"
        status = getattr(error, "status_code", None)
        if status is None:
            return ContentShareError(
                failed, expected=expected, **explain_unreachable(error, self.host)
            )
        reason = str(getattr(error, "error_code", "") or "")
        details: dict[str, Any] = {"found": f"status {status} {reason}: {_first_line(error)}"}
        if status in TRANSIENT_STATUS:
            details |= {"code": "share-sdk-busy", "transient": True}
            details |= {"remedy": f"az storage account show -n {self.account}"}
            details |= {"retry_after": retry_after(error)}
        elif status == HTTPStatus.NOT_FOUND:
            details |= {"code": "share-sdk-missing"}
            details["remedy"] = (
                "Correct KOLIBRI_AZURE_CONTENT_SHARE; these shares exist:\n"
                f"{SHARES} list -g GROUP --storage-account {self.account} --query '[].name'\n"
                "or create it:\n"
                f"{SHARES} create -g GROUP --storage-account {self.account} -n {self.name}"
            )
        elif reason == "AuthorizationFailure":
            details |= {"code": "share-sdk-firewall"}
            details["remedy"] = (
                f"az storage account network-rule add --account-name {self.account} "
                "--subnet RESOURCE_ID_OF_THE_SUBNET"
            )
        else:
            details |= {"code": "share-sdk-forbidden"}
            details["remedy"] = (
                "az role assignment create --role 'Storage File Data Privileged Contributor' "
                "--assignee-object-id PRINCIPAL_ID --assignee-principal-type ServicePrincipal "
                f"--scope $(az storage account show -n {self.account} --query id -o tsv)\n"
                "or leave KOLIBRI_AZURE_CONTENT_SHARE empty."
            )
        return ContentShareError(failed, expected=expected, **details)


def _first_line(error: Exception) -> str:
    """The service's message, without the ids and the document that the SDK adds."""
    return redact(str(error)).partition("\n")[0]
