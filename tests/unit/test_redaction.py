"""A registered secret is masked in every form."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest

from kolibri_azure_plugin.errors.redaction import (
    MASK,
    MaskedString,
    RedactingFilter,
    redact,
    remember,
)

SECRET = "p@ss/wörd with 'quotes' & %41"


@pytest.fixture(autouse=True)
def _remembered():
    remember(SECRET)


@pytest.mark.parametrize(
    "form", [SECRET, quote(SECRET), quote(SECRET, safe=""), repr(SECRET)[1:-1]]
)
def test_a_secret_is_masked_in_each_form(form):
    assert redact(f"before {form} after") == f"before {MASK} after"


def test_words_that_are_too_short_to_be_secrets_stay_readable():
    remember("admin")
    assert redact("admin signs in") == "admin signs in"


def test_a_masked_string_is_itself_but_for_its_repr():
    masked = MaskedString(SECRET)
    assert masked == SECRET
    assert masked.encode() == SECRET.encode()
    assert f"{masked}" == SECRET
    assert SECRET not in repr({"SECRET_KEY": masked})


def test_a_line_whose_arguments_do_not_fit_is_masked_and_raises_nothing(caplog):
    caplog.handler.addFilter(RedactingFilter())
    logging.getLogger("test_redaction").error("%d users of", SECRET)
    assert "%d users of" in caplog.text
    assert SECRET not in caplog.text


def test_log_lines_and_their_tracebacks_are_masked(caplog):
    logger = logging.getLogger("test_redaction")
    caplog.handler.addFilter(RedactingFilter())
    try:
        int(SECRET)
    except ValueError:
        logger.exception("it was %s", SECRET)
    assert SECRET not in caplog.text
    assert MASK in caplog.text
