"""The client and id of a request, from a proxy's headers."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.logs.requests import request_info, without_port


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.7:56789", "198.51.100.7"),
        ("198.51.100.7", "198.51.100.7"),
        (" 198.51.100.7 ", "198.51.100.7"),
        ("[2001:db8::1]:56789", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", ""),
        ("unknown", ""),
        ("198.51.100.7:56789:1", ""),
        ("1.2.3.4.5:80", ""),
    ],
)
def test_the_port_is_cut_off(text, address):
    assert without_port(text) == address


def test_the_entry_that_the_platform_added_counts():
    meta = {"REMOTE_ADDR": "169.254.1.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 198.51.100.7:1"}

    assert request_info(meta, behind_proxy=True).client == "198.51.100.7"
    assert request_info(meta, behind_proxy=False).client == "169.254.1.1"


def test_without_the_header_the_connection_counts():
    assert request_info({"REMOTE_ADDR": "169.254.1.1"}, behind_proxy=True).client == "169.254.1.1"


def test_over_a_socket_file_nginx_of_the_same_container_is_believed():
    meta = {
        "REMOTE_ADDR": "",
        "HTTP_X_FORWARDED_FOR": "198.51.100.7",
        "HTTP_X_REQUEST_ID": "a1b2",
    }

    facts = request_info(meta, behind_proxy=False)

    assert (facts.client, facts.id) == ("198.51.100.7", "a1b2")


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "line\nbreak", '"quoted"'])
def test_an_odd_name_of_a_request_is_replaced(name):
    facts = request_info({"HTTP_X_ARR_LOG_ID": name}, behind_proxy=True)

    assert facts.id != name
    assert len(facts.id) == 32
