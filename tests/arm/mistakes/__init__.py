"""Possible mistakes in the production template, each with the message that must catch it."""

from __future__ import annotations

from tests.arm.mistakes import (
    in_operation,
    in_order,
    in_security,
    in_settings,
    in_the_image,
    in_the_text,
)
from tests.arm.mistakes.catalogue import MISTAKES, Mistake

__all__ = [
    "MISTAKES",
    "Mistake",
    "in_operation",
    "in_order",
    "in_security",
    "in_settings",
    "in_the_image",
    "in_the_text",
]
