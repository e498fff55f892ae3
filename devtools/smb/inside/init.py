"""Process 1 of a machine: sets it up, then runs the commands that it receives.

It sees the host's files, with a layer in memory above them for all writes. A connection to the
agent carries one request and one answer, both JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socketserver
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

KERNEL_MODULES = (
    *("nls_utf8", "aes_generic", "cmac", "gcm", "ghash_generic", "sha512_generic", "hmac", "ctr"),
    *("cifs", "sch_netem", "sch_prio", "cls_u32", "fuse"),
)
ROOT, LAYER = "/run/root", "/run/layer"
POWER_OFF = 0x4321FEDC
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}


def main() -> None:
    os.environ.update(ENVIRONMENT)
    configuration = json.loads(Path(os.environ["LAB_CONFIGURATION"]).read_text())
    _make_root(configuration)
    _configure(configuration)
    agent = os.fork()
    if agent == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _serve(configuration["port"])
        os._exit(0)
    while os.wait()[0] != agent:
        pass
    ctypes.CDLL(None).reboot(POWER_OFF)


def _make_root(configuration: dict[str, Any]) -> None:
    """Create a root with the host's files as the lower layer and an upper layer in memory."""
    _do("mount -t proc proc /proc")
    _do("mount -t sysfs sys /sys")
    _do("mount -t tmpfs run /run")
    release = os.uname().release
    modules = f"{configuration['modules']}/{release}"
    _do(f"insmod {modules}/kernel/fs/overlayfs/overlay.ko")
    for folder in (ROOT, LAYER):
        os.mkdir(folder)
    _do(f"mount -t tmpfs layer {LAYER}")
    for folder in ("upper", "work"):
        os.mkdir(f"{LAYER}/{folder}")
    layers = f"lowerdir=/,upperdir={LAYER}/upper,workdir={LAYER}/work"
    _do(f"mount -t overlay root -o {layers} {ROOT}")
    for folder in ("proc", "sys", "dev", "run"):
        os.makedirs(f"{ROOT}/{folder}", exist_ok=True)
        _do(f"mount --bind /{folder} {ROOT}/{folder}")
    os.makedirs(f"{ROOT}/lib/modules/{release}", exist_ok=True)
    _do(f"mount --bind {modules} {ROOT}/lib/modules/{release}")
    os.makedirs(f"{ROOT}{configuration['shared']}", exist_ok=True)
    _do(f"mount -t hostfs -o {configuration['folder']} shared {ROOT}{configuration['shared']}")
    os.chroot(ROOT)  # the kernel loads modules from the root of process 1
    os.chdir("/")
    for folder, kind in (("/dev/shm", "tmpfs"), ("/dev/pts", "devpts")):
        os.makedirs(folder, exist_ok=True)
        _do(f"mount -t {kind} {kind} {folder}")


def _configure(configuration: dict[str, Any]) -> None:
    for module in KERNEL_MODULES:
        subprocess.run(["modprobe", module], check=False)
    _do("ip link set lo up")
    _do(f"ip addr add {configuration['address']}/24 dev vec0")
    _do("ip link set vec0 up")
    _do(f"hostname {configuration['name']}")


def _do(command: str) -> None:
    subprocess.run(command.split(), check=True)


class Agent(socketserver.ThreadingTCPServer):
    """Listens on every address of the machine, which only the lab can reach."""

    allow_reuse_address = True
    daemon_threads = True
    started: ClassVar[dict[int, tuple[subprocess.Popen[bytes], str]]] = {}


class Request(socketserver.StreamRequestHandler):
    server: Agent

    def handle(self) -> None:
        request = json.loads(self.rfile.readline())
        answer = getattr(self, f"do_{request.pop('do')}")(**request)
        self.wfile.write(json.dumps(answer).encode())

    def do_run(self, timeout: float, **how: Any) -> dict[str, Any]:
        with tempfile.TemporaryFile(dir="/run") as out, tempfile.TemporaryFile(dir="/run") as err:
            try:
                process = _start(stdout=out, stderr=err, **how)
            except OSError as error:
                return {"code": 127, "stdout": "", "stderr": f"{how['argv'][0]}: {error}\n"}
            ended = True
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                ended = False
                _kill(process, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
            return {
                "code": process.returncode if ended else None,
                "stdout": _text(out),
                "stderr": _text(err),
            }

    def do_start(self, **how: Any) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(dir="/run", delete=False) as log:
            process = _start(stdout=log, stderr=subprocess.STDOUT, **how)
            self.server.started[process.pid] = (process, log.name)
        return {"process": process.pid}

    def do_look(self, process: int) -> dict[str, Any]:
        started, log = self.server.started[process]
        return {
            "code": started.poll(),
            "output": Path(log).read_bytes().decode(errors="replace"),
        }

    def do_signal(self, process: int, number: int, whole: bool) -> None:
        started, _log = self.server.started[process]
        if whole:
            _kill(started, number)
        elif started.poll() is None:
            started.send_signal(number)

    def do_power_off(self) -> None:
        os._exit(0)  # process 1 waits only for this


def _start(
    argv: list[str], env: dict[str, str], cwd: str, user: int | None, **outputs: Any
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        env={**ENVIRONMENT, **env},
        cwd=cwd,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **outputs,
    )


def _kill(process: subprocess.Popen[bytes], number: int) -> None:
    """Kill its whole session, which may outlive the process."""
    process.poll()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _serve(port: int) -> None:
    with Agent(("0.0.0.0", port), Request) as agent:
        agent.serve_forever()


if __name__ == "__main__":
    main()
    sys.exit()
