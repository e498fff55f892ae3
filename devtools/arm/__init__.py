"""Reads, evaluates and documents the ARM templates."""

from __future__ import annotations

from devtools.arm.checker import Checker, CheckerMissingError, Finding
from devtools.arm.evaluation import EvaluatedTemplate, Resource

__all__ = ["Checker", "CheckerMissingError", "EvaluatedTemplate", "Finding", "Resource"]
