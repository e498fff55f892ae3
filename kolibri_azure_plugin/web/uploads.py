"""Stores files only for visitors who have signed in.

Django writes each file of a form to the disk before a view looks at the request, and Kolibri's
views tell only then whose request it is. So anyone could fill the disk. Kolibri's only upload is a
list of users, from an administrator.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class SignedInUploads(TemporaryFileUploadHandler):
    """Django's extension point, in place of the class that Kolibri's settings name."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """:raises PermissionDenied: unless the visitor has signed in. The answer is 403."""
        if not self.request.user.is_authenticated:
            raise PermissionDenied("Sign in before you upload a file.")
        super().new_file(*args, **kwargs)
