"""File names that SMB accepts, and so do Azure Files and Windows."""

from __future__ import annotations

import re

REFUSED = re.compile(r'["*/:<>?\\|\x00-\x1f\x7f]')
DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?:\..*)?", re.IGNORECASE)


def is_valid_smb_name(name: str) -> bool:
    """True when a file on an SMB share, and on any file system of Linux, can have this name.

    https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-shares--directories--files--and-metadata
    """
    return (
        0 < len(name.encode("utf-16-le")) // 2 <= 255
        and len(name.encode()) <= 255
        and REFUSED.search(name) is None
        and DEVICES.fullmatch(name) is None
        and name[0] not in " ."
        and name[-1] not in " ."
    )
