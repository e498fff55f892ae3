"""``python -m devtools.azure_standin --state DIR`` runs the stand-in as a program."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from devtools.azure_standin.control import HELP, as_shell
from devtools.azure_standin.faults import described
from devtools.azure_standin.identity import ONE_DAY
from devtools.azure_standin.standin import VAULT_URL, AzureStandin

_DESCRIPTION = """\
A local stand-in for Azure: the managed identity endpoint, Key Vault, Azure Files, and a CONNECT
proxy that routes https://NAME.vault.azure.net and https://ACCOUNT.file.core.windows.net here.
Prints the variables that the program under test needs, and writes them to DIR/environment.sh. Runs
until it is interrupted. Keeps secrets in DIR.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    options = _parser().parse_args(arguments)
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    try:
        standin = _standin(options).start()
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        environment = as_shell(standin.environment())
        environment_file = standin.state / "environment.sh"
        environment_file.touch(mode=0o600)
        environment_file.write_text(environment, encoding="utf-8")
        print(f"# control endpoint: {standin.control_url}\n{environment}# ready", flush=True)
        interrupted.wait()
    finally:
        standin.stop()
    return 0


def _standin(options: argparse.Namespace) -> AzureStandin:
    ports = {"identity": options.identity_port, "proxy": options.proxy_port}
    standin = AzureStandin(
        options.state,
        client_ids=options.client_id,
        token_lifetime=options.token_lifetime,
        identity_header=options.identity_header,
        keeps_secrets=True,
        ports={**ports, "control": options.control_port},
    )
    if options.secrets:
        for name, value in json.loads(options.secrets.read_text(encoding="utf-8")).items():
            current = standin.secrets.get(name)
            if current is None or current.value != value:
                standin.set_secret(name, value)
    for share in options.share:
        address, _, folder = share.partition("=")
        account, _, name = address.partition("/")
        if not (account and name and folder):
            raise ValueError(f"--share must be ACCOUNT/NAME=FOLDER; found {share!r}")
        standin.add_share(account, name, Path(folder))
    return standin


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m devtools.azure_standin",
        description=_DESCRIPTION,
        epilog=f"control endpoint:\n{HELP}\nfaults:\n{described()}\n\nvault: {VAULT_URL}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--state", type=Path, required=True, metavar="DIR", help="certificates and secrets")
    add("--secrets", type=Path, metavar="FILE", help='{"name": "value"}, put into the vault')
    add("--share", action="append", default=[], metavar="ACCOUNT/NAME=FOLDER")
    add("--client-id", action="append", default=[], metavar="ID", help="an identity of the app")
    add("--token-lifetime", type=float, default=ONE_DAY, metavar="SECONDS")
    add("--identity-header", metavar="VALUE", help="default: a new one at each start")
    add("--identity-port", type=int, default=0, metavar="PORT", help="default: any free port")
    add("--proxy-port", type=int, default=0, metavar="PORT")
    add("--control-port", type=int, default=0, metavar="PORT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
