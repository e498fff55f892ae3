"""Whatever Kolibri could read a password from waits; a sign-in without one does not."""

from __future__ import annotations

import io
import json

import pytest
from django.core.handlers.wsgi import WSGIRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from kolibri_azure_plugin.web.password_queue import may_have_password

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nanna\r\n'
    b'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nguess\r\n--x--\r\n'
)

WITH_PASSWORD = {
    "JSON": (JSON, b'{"username": "anna", "password": "guess"}'),
    "a password given twice": (JSON, b'{"password": "", "password": "guess"}'),
    "a number": (JSON, b'{"username": "anna", "password": 0}'),
    "JSON with a charset": (f"{JSON}; charset=UTF-8", b'{"password": "guess"}'),
    "any kind of application": ("application/*", b'{"password": "guess"}'),
    "a form": (FORM, b"username=anna&password=guess"),
    "a form in parts": ("multipart/form-data; boundary=x", PARTS),
    "a form that is JSON too": (FORM, b'{"a": "&username=anna&password=guess&b="}'),
    "another charset": (f"{JSON}; charset=utf-7", b'{"username": "anna", "+AHA-assword": "x"}'),
    "UTF-16": (f"{JSON}; charset=utf-16", json.dumps({"password": "guess"}).encode("utf-16")),
}

WITHOUT_PASSWORD = {
    "an empty one": (JSON, b'{"username": "anna", "password": ""}'),
    "none": (JSON, b'{"username": "anna"}'),
    "null": (JSON, b'{"username": "anna", "password": null}'),
    "pictures": (JSON, b'{"username": "", "password": "", "picture_password": "3.7.12"}'),
    "a browser's": ("application/json;charset=utf-8", b'{"username": "anna", "password": ""}'),
}


def read_by_kolibri(content_type, body):
    """What the view of the sign-in gets."""
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    return Request(WSGIRequest(environ), parsers=APIView().get_parsers()).data


@pytest.mark.parametrize(("content_type", "body"), WITH_PASSWORD.values(), ids=WITH_PASSWORD)
def test_a_sign_in_with_a_password_waits(content_type, body):
    assert read_by_kolibri(content_type, body)["password"] not in (None, "")
    assert may_have_password(content_type, body)


@pytest.mark.parametrize(("content_type", "body"), WITHOUT_PASSWORD.values(), ids=WITHOUT_PASSWORD)
def test_a_sign_in_without_a_password_does_not_wait(content_type, body):
    assert read_by_kolibri(content_type, body).get("password") in (None, "")
    assert not may_have_password(content_type, body)


@pytest.mark.parametrize("body", [b"", b"[]", b"not JSON", b"\xff", b'"password"'])
def test_what_cannot_be_read_here_waits(body):
    assert may_have_password(JSON, body)


def test_another_type_of_body_waits():
    assert may_have_password("", b"{}")
    assert may_have_password("text/plain", b"{}")
