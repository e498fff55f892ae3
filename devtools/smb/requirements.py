"""The lab's requirements on the host."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from devtools.state import state_folder

#: Programs and their Debian packages.
PROGRAMS = {
    "linux.uml": "user-mode-linux",
    "smbd": "samba",
    "smbpasswd": "samba",
    "mount.cifs": "cifs-utils",
    "modprobe": "kmod",
    "ip": "iproute2",
}
COMPILER = {"cc": "gcc libc6-dev"}

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
MODULES = Path("/usr/lib/uml/modules")
TUN = Path("/dev/net/tun")
SHIM = Path(__file__).with_name("xstate.c")


def missing_requirements() -> str:
    """Why the lab can't run here, and the fix; empty if it can."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return "the SMB lab boots user-mode-linux, which exists for Linux on x86-64 only"
    programs = {**PROGRAMS, **(COMPILER if has_amx() else {})}
    packages = {package for name, package in programs.items() if not shutil.which(name, path=PATH)}
    if packages:
        return f"the SMB lab needs programs: apt-get install {' '.join(sorted(packages))}"
    if os.geteuid() != 0:
        return "the SMB lab creates a network namespace and mounts: run as root"
    if not TUN.exists():
        return f"the SMB lab needs {TUN}: modprobe tun, or give the container this device"
    tried = subprocess.run(
        ["unshare", "--net", "true"], env={"PATH": PATH}, capture_output=True, check=False
    )
    if tried.returncode != 0:
        return "the SMB lab creates a network namespace: run with CAP_SYS_ADMIN and CAP_NET_ADMIN"
    return ""


def has_amx() -> bool:
    """Whether the processor has registers that user-mode-linux does not support: see xstate.c."""
    try:
        return " amx_tile" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def preload_environment() -> dict[str, str]:
    """The environment that user-mode-linux needs on this processor."""
    if not has_amx():
        return {}
    digest = hashlib.sha256(SHIM.read_bytes()).hexdigest()[:16]
    library = state_folder() / f"uml-xstate-{digest}.so"
    if not library.exists():
        made = library.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", made, SHIM], check=True)
        made.replace(library)
    return {"LD_PRELOAD": str(library)}
