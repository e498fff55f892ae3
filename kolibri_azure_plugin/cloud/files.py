"""Asks the storage account itself for the content share, through the SDK."""

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
    explain_no_answer,
    retry_after,
)
from kolibri_azure_plugin.errors import ContentShareError, KolibriAzureError, SettingsError
from kolibri_azure_plugin.redaction import redact

MARKER_PREFIX = ".kolibri-azure-marker-"

#: A file share of the public cloud. ``ACCOUNT`` may hold dots and be a full host name.
FILE_SUFFIX = "file.core.windows.net"

SHARES = "az storage share-rm"


class FileShare:
    """A share of a storage account.

    :param share: ``ACCOUNT/SHARE``; ACCOUNT may be a full host name for another Azure cloud.
    :raises SettingsError: when it is neither.
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
        """Name and text of a small file that lies in the root of the share meanwhile.

        :raises ContentShareError: when the account does not take it.
        :raises IdentityError: when there is no token to ask with.
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
                # Nothing depends on it: the marker is a few bytes, and its name says what it is.
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
        failed = f"The storage account {self.account} does not give the share {self.name}."
        expected = f"share {self.name}, readable and writable for {self._identity.name}"
        status = getattr(error, "status_code", None)
        if status is None:
            return ContentShareError(
                failed, expected=expected, **explain_no_answer(error, self.host)
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
                "Correct KOLIBRI_AZURE_CONTENT_SHARE; these exist:\n"
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
    """The service's sentence, without the ids and the document that the SDK adds."""
    return redact(str(error)).partition("\n")[0]
