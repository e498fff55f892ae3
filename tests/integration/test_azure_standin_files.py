"""The real ShareFileClient against the stand-in's file service, with a token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseTimeoutError,
)
from azure.identity import ManagedIdentityCredential
from azure.storage.fileshare import ShareClient, ShareFileClient

from devtools.azure_standin import AzureStandin

ACCOUNT, SHARE = "kolibristandin", "content"
ACCOUNT_URL = f"https://{ACCOUNT}.file.core.windows.net"
SETTLED = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 10}
IMPATIENT = {"read_timeout": 0.3}


@pytest.fixture
def azure(
    standin: AzureStandin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[AzureStandin]:
    for name, value in standin.environment().items():
        monkeypatch.setenv(name, value)
    standin.add_share(ACCOUNT, SHARE, tmp_path / "share", quota=5)
    yield standin
    standin.clear_faults()
    standin.forget_requests()


@pytest.fixture
def folder(azure: AzureStandin) -> Path:
    share = azure.shares.find(ACCOUNT, SHARE)
    assert share is not None
    return share.folder


def options() -> dict[str, object]:
    return {"credential": ManagedIdentityCredential(), "token_intent": "backup", **SETTLED}


def file(path: str, share: str = SHARE) -> ShareFileClient:
    return ShareFileClient(ACCOUNT_URL, share, path, **options())


def share() -> ShareClient:
    return ShareClient(ACCOUNT_URL, SHARE, **options())


@pytest.mark.parametrize("content", [b"", b"a marker", os.urandom(5_000_000)])
def test_a_file_is_written_read_and_deleted_where_a_mount_sees_it(
    folder: Path, content: bytes
) -> None:
    marker = file(".kolibri marker é")
    assert not marker.exists()
    marker.upload_file(content)
    assert (folder / ".kolibri marker é").read_bytes() == content
    assert marker.download_file().readall() == content
    assert marker.get_file_properties().size == len(content)
    marker.delete_file()
    assert list(folder.iterdir()) == []


def test_data_written_through_the_mount_is_read_back(folder: Path) -> None:
    (folder / "marker").write_bytes(b"from the mount")
    assert file("marker").download_file().readall() == b"from the mount"
    assert file("marker").download_file(offset=5, length=3).readall() == b"the"


def test_a_part_of_a_file_is_overwritten(folder: Path) -> None:
    marker = file("marker")
    marker.create_file(6)
    marker.upload_range(b"abcdef", offset=0, length=6)
    marker.upload_range(b"XY", offset=2, length=2)
    assert (folder / "marker").read_bytes() == b"abXYef"


def test_the_share_tells_its_quota_and_use(folder: Path) -> None:
    (folder / "file").write_bytes(b"12345")
    assert share().get_share_properties().quota == 5
    assert share().get_share_stats() == 5


def test_folders_are_made_listed_and_removed(folder: Path) -> None:
    subfolder = share().create_directory("storage")
    subfolder.upload_file("a & b", b"abc")
    assert [(each["name"], each["size"]) for each in subfolder.list_directories_and_files()] == [
        ("a & b", 3)
    ]
    assert [each["name"] for each in share().list_directories_and_files()] == ["storage"]
    assert subfolder.exists()
    with pytest.raises(ResourceExistsError):
        subfolder.create_directory()
    with pytest.raises(HttpResponseError, match="DirectoryNotEmpty"):
        subfolder.delete_directory()
    subfolder.delete_file("a & b")
    subfolder.delete_directory()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "share_name", "code"),
    [
        ("absent", SHARE, "ResourceNotFound"),
        ("absent/marker", SHARE, "ParentNotFound"),
        ("marker", "absent", "ShareNotFound"),
    ],
)
def test_the_error_names_the_missing_resource(
    azure: AzureStandin, path: str, share_name: str, code: str
) -> None:
    with pytest.raises(ResourceNotFoundError) as error:
        file(path, share_name).download_file()
    assert error.value.error_code == code


def test_no_path_leads_out_of_the_share(azure: AzureStandin, folder: Path) -> None:
    (folder.parent / "private").write_text("private")
    (folder / "link").symlink_to(folder.parent)
    for path in ("../private", "%2e%2e/private", "link/private"):
        with pytest.raises((HttpResponseError, ServiceRequestError)):
            file(path).download_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_internal_error(folder: Path) -> None:
    folder.chmod(0o500)
    with pytest.raises(HttpResponseError, match="InternalError"):
        file("marker").upload_file(b"x")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("authorization-failure", 403, "AuthorizationFailure"),
        ("permission-mismatch", 403, "AuthorizationPermissionMismatch"),
        ("token-rejected", 401, "InvalidAuthenticationInfo"),
        ("share-not-found", 404, "ShareNotFound"),
        ("server-error", 500, "InternalError"),
        ("server-busy", 503, "ServerBusy"),
        ("bad-gateway", 502, None),
    ],
)
def test_an_answer_fault_has_the_services_own_status_and_code(
    azure: AzureStandin, fault: str, status: int, code: str | None
) -> None:
    azure.fail("files", fault)
    with pytest.raises(HttpResponseError) as error:
        file("marker").upload_file(b"x")
    assert (error.value.status_code, error.value.error_code) == (status, code)
    assert isinstance(error.value, ClientAuthenticationError) is (status == 401)
    azure.clear_faults()
    file("marker").upload_file(b"x")


def test_a_fault_can_strike_a_few_times_only(azure: AzureStandin) -> None:
    azure.fail("files", "server-busy", times=1)
    quick = {"retry_total": 1, "initial_backoff": 0, "increment_base": 0, "random_jitter_range": 0}
    marker = ShareFileClient(ACCOUNT_URL, SHARE, "marker", **{**options(), **quick})
    marker.create_file(0)
    statuses = [each.status for each in azure.requests if each.service == "files"]
    assert statuses == [503, 201]


def test_a_hanging_service_times_out(azure: AzureStandin) -> None:
    azure.fail("files", "hang")
    marker = ShareFileClient(ACCOUNT_URL, SHARE, "marker", **{**options(), **IMPATIENT})
    with pytest.raises(ServiceResponseTimeoutError):
        marker.upload_file(b"x")


@pytest.mark.parametrize("fault", ["wrong-authority", "wrong-host", "refused"])
def test_a_broken_connection_is_a_request_error(azure: AzureStandin, fault: str) -> None:
    azure.fail("files", fault)
    with pytest.raises(ServiceRequestError):
        file("marker").upload_file(b"x")


def test_a_token_for_the_vault_is_refused(azure: AzureStandin) -> None:
    marker = ShareFileClient(
        ACCOUNT_URL, SHARE, "marker", audience="https://vault.azure.net", **options()
    )
    # The client learns the right resource from the refusal, as with the real service.
    marker.create_file(0)
    files = [each for each in azure.requests if each.service == "files"]
    assert [each.status for each in files] == [401, 201]
    assert [each.resource for each in files] == [
        "https://vault.azure.net",
        "https://storage.azure.com",
    ]
