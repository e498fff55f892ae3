"""The second host name: found in the settings, and refused if malformed or Kolibri's own."""

from __future__ import annotations

import logging

import pytest

from kolibri_azure_plugin.configuration import origins, settings
from kolibri_azure_plugin.container.origins import zip_content_host
from kolibri_azure_plugin.errors import SettingsError
from tests.deployments import deployment

APP = "kolibri.example.org"
CONTENT = "content.example.org"

#: Ways to write Kolibri's own host name as an origin.
OWN = (
    f"https://{APP}",
    f"http://{APP}",
    f"https://{APP}/",
    f"https://{APP}:443",
    f"http://{APP}:80/",
    f"https://{APP}:8443",
    f"https://{APP}.",
    "https://Kolibri.Example.ORG",
)

#: Malformed origins, each with its problem.
MALFORMED = {
    "content.example.org": "begin with https://",
    "ftp://content.example.org": "begin with https://",
    "https://": "has no host name",
    "https:///sandbox": "has no host name",
    "https://content.example.org/sandbox": "more than a host name",
    "https://content.example.org?x=1": "more than a host name",
    "https://user:hunter22@content.example.org": "more than a host name",
    "https://content.example.org:99999": "Port out of range",
    "https://content example.org": "not a host name",
    "https://content.example.org;listen": "not a host name",
    "https://-content.example.org": "not a host name",
    "https://[::1": "Invalid IPv6 URL",
    "@Microsoft.KeyVault(SecretUri=https://x)": "begin with https://",
}


def find(origin="", *, hosts=(APP,), **environ):
    return zip_content_host(
        deployment({origins.VARIABLE: origin, **environ}, allowed_hosts=tuple(hosts))
    )


@pytest.mark.parametrize(
    "origin, host",
    [
        (f"https://{CONTENT}", CONTENT),
        (f"http://{CONTENT}:8080/", CONTENT),
        ("https://Content.Example.ORG.", CONTENT),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://192.0.2.7", "192.0.2.7"),
        ("https://[2001:DB8:0::7]:8443", "[2001:db8::7]"),
        ("https://kolibri_content.example", "kolibri_content.example"),
    ],
)
def test_the_host_is_as_it_comes_in_a_host_header(origin, host):
    assert find(origin) == host


def test_it_may_stand_in_options_ini():
    options = {"Deployment": {"ZIP_CONTENT_ORIGIN": f"https://{CONTENT}"}}
    assert zip_content_host(deployment(options=options)) == CONTENT


@pytest.mark.parametrize("origin", ["", "  "])
def test_without_one_the_log_names_the_missing_feature_and_the_setting(origin, caplog):
    with caplog.at_level(logging.WARNING):
        assert find(origin) is None
    assert "do not open" in caplog.text
    assert origins.VARIABLE in caplog.text


@pytest.mark.parametrize("origin", OWN)
def test_kolibris_own_host_is_refused(origin):
    with pytest.raises(SettingsError) as caught:
        find(origin, hosts=["other.example.org", APP])
    assert caught.value.code == "zip-content-same-host"
    assert "third-party programs" in caught.value.expected
    assert f"Kolibri answers to {APP}" in caught.value.found
    assert f"{origins.VARIABLE}=https://ANOTHER_NAME" in caught.value.remedy


@pytest.mark.parametrize(
    "host",
    [
        "BÜCHER.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE.",
        ".bücher.example",
        "https://bücher.example/",
        "bücher.example:443",
    ],
)
def test_a_name_is_the_same_however_it_is_written(host):
    with pytest.raises(SettingsError) as caught:
        find("https://bücher.example", hosts=[host])
    assert caught.value.code == "zip-content-same-host"


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("*",),
        ("a name that no browser sends",),
        ("example.org",),
        ("xcontent.example.org",),
        ("content.example.org.evil.example",),
    ],
)
def test_another_name_is_another_host(hosts):
    assert find(f"https://{CONTENT}", hosts=hosts) == CONTENT


@pytest.mark.parametrize("origin, reason", MALFORMED.items())
def test_a_malformed_origin_is_refused_with_the_reason(origin, reason):
    with pytest.raises(SettingsError) as caught:
        find(origin)
    assert caught.value.code == "zip-content-origin"
    assert reason in caught.value.found
    assert "hunter22" not in caught.value.instructions()


def test_a_port_is_no_origin_in_the_container_though_kolibri_takes_it():
    with pytest.raises(SettingsError) as caught:
        find("8081")
    assert caught.value.code == "zip-content-origin"
    assert origins.require_own_origin(deployment({origins.VARIABLE: "8081"})) is None


def test_where_only_interactive_content_is_served_its_name_is_its_own():
    environ = {origins.VARIABLE: f"https://{CONTENT}"}
    alone = deployment(environ, allowed_hosts=(CONTENT,), role=settings.ZIP_CONTENT)
    assert origins.require_own_origin(alone) is None


@pytest.mark.parametrize("character", " ;{}\"'\\$*~/@#%")
def test_the_name_goes_into_nginx_as_it_is_so_nothing_else_can_stand_in_it(character):
    with pytest.raises(SettingsError):
        find(f"https://content{character}x.example.org")
