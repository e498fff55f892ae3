"""nginx in front of the instances, which sends each request to the next of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from devtools.kolibri_process import WebProcess
from devtools.ports import free_port

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_max_body_size 100m;
    {temporary}
    upstream instances {{ {servers} keepalive 16; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://instances;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_read_timeout 300s;
        }}
    }}
}}
"""

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def start_proxy(folder: Path, urls: Sequence[str]) -> WebProcess:
    """Start one address for all instances."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    text = CONFIGURATION.format(
        folder=folder,
        port=port,
        servers=" ".join(f"server {url.split('//')[1]};" for url in urls),
        temporary=" ".join(f"{name}_temp_path {folder}/{name};" for name in TEMPORARY),
    )
    (folder / "nginx.conf").write_text(text)
    process = WebProcess(
        ["nginx", "-p", folder, "-c", folder / "nginx.conf"],
        environment={"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"},
        folder=folder,
        log_file=folder / "nginx.log",
    )
    process.url = f"http://127.0.0.1:{port}"
    return process
