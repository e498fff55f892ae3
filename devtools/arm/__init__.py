"""Reads, evaluates and documents the ARM templates."""

from __future__ import annotations

from devtools.arm.checker import Checker, CheckerMissingError, Finding
from devtools.arm.evaluated import Evaluated, Resource

__all__ = ["Checker", "CheckerMissingError", "Evaluated", "Finding", "Resource"]
