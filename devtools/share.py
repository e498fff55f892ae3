"""Runs a program with a mounted share that works, is broken or hangs.

Usage: python -m devtools.share KIND MOUNT_POINT [SOURCE] -- COMMAND...

The mount is in a new namespace, so no other process sees it, and it disappears when the command
ends. This works as root, and for other users if the kernel allows them to create namespaces.

KIND selects what is at MOUNT_POINT:
  bind        SOURCE, a folder, for reading and writing
  read-only   SOURCE, read-only
  hang        a share whose server never answers: any access hangs, and can't be killed
  hang-until  the same, until a file SOURCE/released exists; then SOURCE itself
  dead        a share whose server is gone
  bind-then-hang  SOURCE, which hangs between `hang(SOURCE)` and `recover(SOURCE)`, and fails each
              call at once between `kill(SOURCE)` and `recover(SOURCE)`
  full        a separate share with 16 MiB, nearly full; SOURCE is not used
  no-room     the same, completely full
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG = 1

#: https://docs.kernel.org/filesystems/fuse.html, with the structures of linux/fuse.h.
FUSE_INIT = 26
FUSE_PROTOCOL = (7, 31)
REQUEST_HEADER = struct.Struct("<IIQQIIII")
ANSWER_HEADER = struct.Struct("<IiQ")
INIT_ANSWER = struct.Struct("<IIIIHHIIHHI28x")

NO_FUSE = (
    "a share that hangs needs /dev/fuse, which this user may not open: run as root, or have root "
    "run `modprobe fuse; chmod a+rw /dev/fuse`"
)

RELEASED = "released"
HANGING, DEAD = "hanging", "dead"

OVER_FUSE = ("hang", "hang-until", "dead")  # from the start
KINDS = ("bind", "read-only", "hang", "hang-until", "dead", "bind-then-hang", "full", "no-room")

_libc = ctypes.CDLL(None, use_errno=True)


class NoFuseError(Exception):
    """This user can't create a share that hangs or is dead. The text says what would help."""


def can_hang() -> bool:
    """Whether this user can act as the server of a share."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError:
        return False
    return True


def command_with_share(kind: str, mount_point: Path, source: Path | None = None) -> list[str]:
    """The words to put before a command to give it such a share; raises NoFuseError."""
    if kind in OVER_FUSE and not can_hang():
        raise NoFuseError(NO_FUSE)
    sources = [str(source)] if source else []
    return [sys.executable, "-m", "devtools.share", kind, str(mount_point), *sources, "--"]


def hang(source: Path) -> None:
    """Make a share that is bound to `source` hang; raises NoFuseError."""
    if not can_hang():
        raise NoFuseError(NO_FUSE)
    (source / HANGING).touch()


def kill(source: Path) -> None:
    """Disconnect a share that is bound to `source` from its server; raises NoFuseError."""
    if not can_hang():
        raise NoFuseError(NO_FUSE)
    (source / DEAD).touch()


def recover(source: Path) -> None:
    """Restore a share that hangs or is dead."""
    for fault in (HANGING, DEAD):
        (source / fault).unlink(missing_ok=True)


def type_of(folder: Path) -> str:
    """The type of the folder's file system, as in mountinfo."""
    answer = subprocess.run(
        ["findmnt", "-no", "FSTYPE", "--target", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    return answer.stdout.split()[0]


def possible() -> bool:
    """Whether this user can create a mount namespace."""
    trial = [sys.executable, "-m", "devtools.share", "bind", "/mnt", "/tmp", "--", "true"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


def main() -> None:
    arguments, command = _split(sys.argv[1:])
    kind, mount_point, source = arguments[0], arguments[1], (arguments[2:] or [""])[0]
    _enter_namespace()
    if kind in ("bind", "read-only"):
        _bind(source, mount_point, read_only=kind == "read-only")
    elif kind == "bind-then-hang":
        _bind(source, mount_point, read_only=False)
        _hang_on_demand(mount_point, source)
    elif kind in ("full", "no-room"):
        _fill(mount_point, 15 if kind == "full" else 16)
    else:
        _mount_fuse(kind, mount_point, source)
    os.execvp(command[0], command)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments or arguments[0] not in KINDS:
        raise SystemExit(__doc__)
    separator = arguments.index("--")
    return arguments[:separator], arguments[separator + 1 :]


def _enter_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(CLONE_NEWNS if uid == 0 else CLONE_NEWNS | CLONE_NEWUSER))
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)


def _bind(source: str, mount_point: str, *, read_only: bool) -> None:
    _mount(source, mount_point, None, MS_BIND)
    if read_only:
        _mount("none", mount_point, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def _fill(mount_point: str, mebibytes: int) -> None:
    _mount("share", mount_point, "tmpfs", 0, "size=16m")
    Path(mount_point, "content").write_bytes(bytes(mebibytes << 20))


def _hang_on_demand(mount_point: str, source: str) -> None:
    """Start a process that mounts and unmounts a hanging share over the mount point."""
    if os.fork() == 0:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        hanging, dead = Path(source, HANGING), Path(source, DEAD)
        while True:
            if hanging.exists():
                _hang_while(hanging, mount_point)
            if dead.exists():
                _fail_while(dead, mount_point)
            time.sleep(0.02)


def _hang_while(hanging: Path, mount_point: str) -> None:
    device = _mount_over(mount_point)
    os.set_blocking(device, False)
    while hanging.exists():
        with contextlib.suppress(BlockingIOError):
            os.read(device, 1 << 17)
        time.sleep(0.02)
    _check(_libc.umount2(mount_point.encode(), MNT_DETACH))
    os.close(device)


def _fail_while(dead: Path, mount_point: str) -> None:
    os.close(_mount_over(mount_point))
    while dead.exists():
        time.sleep(0.02)
    _check(_libc.umount2(mount_point.encode(), MNT_DETACH))


def _mount_over(mount_point: str) -> int:
    device = os.open("/dev/fuse", os.O_RDWR)
    _mount("share", mount_point, "fuse", 0, f"fd={device},rootmode=40000,user_id=0,group_id=0")
    _answer_init(device)
    return device


def _mount_fuse(kind: str, mount_point: str, source: str) -> None:
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    _mount("share", mount_point, "fuse", 0, options)
    ready, ready_in_child = os.pipe()
    if os.fork() == 0:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(ready)
        _answer_init(device)
        if kind == "dead":
            os.close(device)
        os.close(ready_in_child)
        _serve(device, kind, mount_point, source)
    os.close(device)
    os.close(ready_in_child)
    os.read(ready, 1)


def _answer_init(device: int) -> None:
    request = os.read(device, 1 << 17)
    _length, opcode, unique, *_ = REQUEST_HEADER.unpack_from(request)
    assert opcode == FUSE_INIT
    body = INIT_ANSWER.pack(*FUSE_PROTOCOL, 0, 0, 16, 12, 1 << 16, 1, 0, 0, 0)
    os.write(device, ANSWER_HEADER.pack(ANSWER_HEADER.size + len(body), 0, unique) + body)


def _serve(device: int, kind: str, mount_point: str, source: str) -> None:
    """Read every request and answer none; a request that was read can't be interrupted."""
    if kind == "dead":
        os._exit(0)
    os.set_blocking(device, False)
    while True:
        try:
            os.read(device, 1 << 17)
        except BlockingIOError:
            time.sleep(0.02)
        if kind == "hang-until" and Path(source, RELEASED).exists():
            _check(_libc.umount2(mount_point.encode(), MNT_DETACH))
            _bind(source, mount_point, read_only=False)
            os._exit(0)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    encoded = kind.encode() if kind else None
    _check(_libc.mount(source.encode(), target.encode(), encoded, flags, options.encode() or None))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main()
