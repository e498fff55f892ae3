"""Requests to the proxy and to the control endpoint of the stand-in for Azure."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from devtools.azure_standin import AzureStandin


def control(
    azure: AzureStandin | str, method: str, path: str, content: object = None
) -> tuple[int, Any]:
    """An answer of the control endpoint."""
    url = azure if isinstance(azure, str) else azure.control_url
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{url}{path}", body, method=method)
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with without_proxy.open(request, timeout=10) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read().decode()
    return status, json.loads(text) if text.startswith(("{", "[")) else text


def through_proxy(azure: AzureStandin, request: str) -> str:
    """The status line of the proxy's answer."""
    with socket.create_connection(("127.0.0.1", urlsplit(azure.proxy_url).port or 0)) as proxy:
        proxy.sendall(f"{request}\r\n\r\n".encode())
        return proxy.recv(4096).decode().partition("\r\n")[0]
