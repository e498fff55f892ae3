"""Puts Kolibri's bundled libraries on the path, as in any process of Kolibri."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("KOLIBRI_HOME", tempfile.mkdtemp(prefix="kolibri-home-"))

import kolibri  # noqa: F401
