"""Renders the configuration of nginx from the templates in docker/nginx."""

from __future__ import annotations

import dataclasses
import os
import pwd
import resource
import signal
import string
from pathlib import Path

from kolibri_azure_plugin.container import files

#: The folder of nginx's modules in Debian's packages.
MODULES = Path("/usr/lib/nginx/modules")
BROTLI_FILTER = "ngx_http_brotli_filter_module.so"
BROTLI_STATIC = "ngx_http_brotli_static_module.so"

#: The file with a line for each request, which the part `doctor` reads and empties. The scripts of
#: that part name it too.
REQUESTS = "requests.log"

#: Seconds until nginx writes its lines there, or until 32 kB are full. If the disk is full, it logs
#: an error each time.
WRITE_SECONDS = 5

#: The configuration of the nginx that reads the content share.
CONTENT_NGINX = "content_nginx.conf"

#: Contains the response to requests for content while the share hangs; otherwise empty.
CONTENT_HELD_BACK = "content_held_back.conf"

#: Exists from a change of that file until nginx has been told of it.
RELOAD_PENDING = "reload_pending"

#: Seconds in which the requests of a process that is being replaced must end: those of a page, and
#: of a script over a slow line. A share that comes and goes must not let old processes pile up.
RELOAD_SECONDS = 60

#: The first entry in a map of Accept-Encoding: brotli for every browser that accepts it.
BROTLI_ACCEPTED = r'"~*\bbr\b(?!;q=0(\.0*)?(,|\s|$))" br;'

#: The response to requests for content meanwhile. Caches must not store it.
SUSPENDED_RESPONSE = """\
add_header Retry-After 10 always;
add_header Cache-Control no-store always;
return 503;
"""

#: Kolibri's largest uploads are lists of users and pictures. Django stores an upload in /tmp, which
#: may be a file system of 64 MB.
MAX_UPLOAD_SIZE = "50m"

#: Files that each of three caches in an nginx process keeps open, and the other files that it has
#: open besides its connections.
FILES_KEPT_OPEN = 500
OTHER_DESCRIPTORS = 64
RESERVED_DESCRIPTORS = 3 * FILES_KEPT_OPEN + OTHER_DESCRIPTORS

#: Seconds that the last of all waiting sign-ins waits. App Service ends a request after 230.
PASSWORD_WAIT = 200

#: With fewer, nginx could hardly serve a class. It keeps fewer files open instead.
MIN_CONNECTIONS = 128


@dataclasses.dataclass(frozen=True)
class Nginx:
    """The configuration of nginx.

    :param run: the only folder in which it writes, with gunicorn's sockets.
    :param static: the output folder of static_files.py.
    :param content: Kolibri's content folder.
    :param listen: port, or address and port.
    :param zipcontent_host: the host of the second origin; None if there is none.
    :param zipcontent_only: every host is the second origin, and there is no first one.
    :param behind_proxy: a proxy in front terminates TLS, and names the client of a request.
    :param workers: the number of processes.
    :param connections: connections of each process. A proxied request counts twice. The limit on
        open files may lower it.
    :param password_checks: sign-ins with a password that are passed on per second. Others wait.
    :param shutdown_seconds: after SIGQUIT, the time for requests in flight to finish. Something
        has to end nginx then.
    :param access_log: the file of the access log, such as /dev/stdout.
    :param counts_requests: write the file from which requests are counted. Something has to empty
        it.
    """

    run: Path
    static: Path
    content: Path
    listen: str
    zipcontent_host: str | None = None
    zipcontent_only: bool = False
    behind_proxy: bool = True
    workers: int = 2
    connections: int = 2048
    password_checks: int = 8
    shutdown_seconds: int = 4
    access_log: str = "off"
    counts_requests: bool = False

    @property
    def folder(self) -> Path:
        """The folder of the configuration and of nginx's temporary files."""
        return _folder(self.run)

    @property
    def _content_root(self) -> Path:
        """A folder that maps the URLs of content to its files."""
        return self.folder / "root"

    def command(self) -> list[str]:
        """The command for nginx in the foreground. SIGQUIT lets it finish its requests."""
        return ["nginx", "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    def content_command(self) -> list[str]:
        """The command for the other nginx, which reads the content share for the first."""
        return ["nginx", "-e", "stderr", "-c", str(self.folder / CONTENT_NGINX)]

    def write(self) -> None:
        """Write the configuration."""
        self._content_root.mkdir(parents=True, exist_ok=True)
        link = self._content_root / "content"
        link.unlink(missing_ok=True)
        link.symlink_to(self.content)
        for name, text in self.render().items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def render(self) -> dict[str, str]:
        """The text of each file of the configuration."""
        values = self._values()
        texts = {
            path.name: _Template(path.read_text(encoding="utf-8")).substitute(values)
            for path in sorted(_templates().glob("*.conf"))
        }
        return {**texts, "types.conf": _types(), CONTENT_HELD_BACK: ""}

    def _values(self) -> dict[str, object]:
        return {
            "run": self.run,
            "static": self.static,
            "content_root": self._content_root,
            "templates": _templates(),
            "listen": self.listen,
            "servers": self._servers(),
            "zipcontent_host": "_" if self.zipcontent_only else self.zipcontent_host or "_",
            "zipcontent_default": " default_server backlog=4096" if self.zipcontent_only else "",
            "behind_proxy": "yes" if self.behind_proxy else "no",
            "workers": self.workers,
            "connections": self._connections(),
            "open_file_cache": FILES_KEPT_OPEN,
            "open_files": self._open_files(),
            "password_checks": self.password_checks,
            "passwords_waiting": self.password_checks * PASSWORD_WAIT,
            "shutdown_seconds": self.shutdown_seconds,
            "reload_seconds": max(self.shutdown_seconds, RELOAD_SECONDS),
            "access_logs": self._access_logs(),
            "largest_upload": MAX_UPLOAD_SIZE,
            "user": _user(),
            **_brotli(),
        }

    def _servers(self) -> str:
        if self.zipcontent_only:
            return "include zipcontent.conf;"
        if self.zipcontent_host is None:
            return "include app.conf;"
        return "include app.conf;\n    include zipcontent.conf;"

    def _access_logs(self) -> str:
        if not self.counts_requests:
            return f"access_log {self.access_log};"
        counts = f"access_log {self.folder / REQUESTS} counts buffer=32k flush={WRITE_SECONDS}s;"
        # "off" would cancel both.
        return (
            counts if self.access_log == "off" else f"access_log {self.access_log};\n    {counts}"
        )

    def _open_files(self) -> int:
        wanted = 2 * self.connections + RESERVED_DESCRIPTORS
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        return wanted if most == resource.RLIM_INFINITY else min(wanted, most)

    def _connections(self) -> int:
        possible = (self._open_files() - RESERVED_DESCRIPTORS) // 2
        return min(self.connections, max(possible, MIN_CONNECTIONS))


def suspend_content(run: Path) -> None:
    """Make nginx answer 503 for content, without accessing the share.

    :param run: as in :class:`Nginx`.
    """
    _set_response(run, SUSPENDED_RESPONSE)


def is_content_suspended(run: Path) -> bool:
    """Whether nginx answers 503 for content."""
    try:
        return (_folder(run) / CONTENT_HELD_BACK).read_text() != ""
    except FileNotFoundError:
        return False


def resume_content(run: Path) -> None:
    """Make nginx serve content again."""
    _set_response(run, "")


def complete_reload(run: Path) -> None:
    """Tell nginx of the last change if it may not know it.

    Who made the change may have been killed before that, or nginx was only starting.
    """
    pending = _folder(run) / RELOAD_PENDING
    if pending.exists() and _reload(run):
        pending.unlink()


def _set_response(run: Path, response: str) -> None:
    (_folder(run) / RELOAD_PENDING).touch()
    new = _folder(run) / f"{CONTENT_HELD_BACK}.new"
    new.write_text(response)
    new.replace(_folder(run) / CONTENT_HELD_BACK)
    complete_reload(run)


def _folder(run: Path) -> Path:
    return run / "nginx"


def _reload(run: Path) -> bool:
    """Start new processes with the current configuration; the old ones finish their requests.

    :returns: False if nginx is not running.
    """
    try:
        os.kill(int((run / "nginx.pid").read_text()), signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False
    return True


class _Template(string.Template):
    """A template with placeholders in %{braces}, because nginx itself uses the dollar sign."""

    delimiter = "%"
    idpattern = r"(?!)"
    braceidpattern = r"[a-z_]+"


def _brotli() -> dict[str, str]:
    """Values for brotli if its modules are installed, otherwise for gzip alone."""
    filters, static = (MODULES / name for name in (BROTLI_FILTER, BROTLI_STATIC))
    found = [path for path in (filters, static) if path.exists()]
    return {
        "modules": "\n".join(f"load_module {path};" for path in found),
        "brotli": "include brotli.conf;" if filters in found else "",
        "brotli_shared": BROTLI_ACCEPTED if filters in found else "",
        "brotli_off": "brotli off;" if filters in found else "",
        "brotli_static": "brotli_static on;" if static in found else "",
    }


def _user() -> str:
    """Keep root's workers as root. nginx would switch to a user who may not read the files."""
    return f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""


def _types() -> str:
    """Kolibri's own table of media types, in nginx's syntax."""
    import kolibri  # noqa: F401 (puts its bundled libraries on the path)
    from whitenoise.media_types import MediaTypes

    extensions = {
        name[1:]: kind for name, kind in MediaTypes().types_map.items() if name.startswith(".")
    }
    lines = [f'    "{_with_charset(kind)}" {name};' for name, kind in sorted(extensions.items())]
    return "\n".join(["types {", *lines, "}", f"default_type {MediaTypes().default};", ""])


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _templates() -> Path:
    return files.folder() / "nginx"
