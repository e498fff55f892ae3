"""Errors of reading the home that is to move in, as instructions."""

from __future__ import annotations

import contextlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in import room
from kolibri_azure_plugin.provisioning.moving_in.files_of_home import DATABASE

#: The errors of an archive that was cut off, changed or encrypted.
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError),
    # Of zipfile: an unknown compression, and a password.
    *(NotImplementedError, RuntimeError),
)


SOURCE_GONE = "moving-in-source-gone"


@contextlib.contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn errors of reading PATH into instructions."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename == path:
            raise not_a_home(path, "no such file or folder") from error
        raise gone(path, error) from error
    except DAMAGED as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error
    except OSError as error:
        if room.is_full(error):
            raise
        raise gone(path, error) from error


def not_a_home(path: str, found: str) -> MovingInError:
    return MovingInError(
        f"{path} is not a Kolibri home.",
        expected=f"a folder with {DATABASE}, such as .kolibri, or a zip or tar file of one",
        found=found,
        remedy="Give the folder that KOLIBRI_HOME names on the school's server, usually .kolibri "
        "in the home folder of the user that runs Kolibri.",
        code="moving-in-not-a-home",
    )


def damaged(path: str, found: str) -> MovingInError:
    return MovingInError(
        f"The archive {path} is damaged.",
        expected="a complete zip or tar file",
        found=found,
        remedy="Upload it again, and compare the sizes. Nothing was imported from it.",
        code="moving-in-archive",
    )


def gone(path: str, error: OSError) -> MovingInError:
    return MovingInError(
        f"{path} can't be read.",
        expected="a folder or file that stays available until its data are imported",
        found=error.strerror or str(error),
        remedy="If it is on a share, wait until the share answers. Then run the same command again:"
        " it continues.",
        code=SOURCE_GONE,
    )
