"""The configuration of nginx: what the templates in docker/nginx become on this machine."""

from __future__ import annotations

import dataclasses
import os
import pwd
import resource
import signal
import string
from pathlib import Path

#: The templates lie beside this package, here and in the image.
TEMPLATES = Path(__file__).parents[1] / "nginx"

#: Debian's packages put nginx's modules there.
MODULES = Path("/usr/lib/nginx/modules")
BROTLI_FILTER = "ngx_http_brotli_filter_module.so"
BROTLI_STATIC = "ngx_http_brotli_static_module.so"

#: The configuration of the nginx that reads the content share.
CONTENT_NGINX = "content_nginx.conf"

#: What holds content back while its share hangs; empty otherwise.
CONTENT_HELD_BACK = "content_held_back.conf"

#: In a map of Accept-Encoding, as the first that fits: a browser that can read brotli gets it.
BROTLI_ACCEPTED = r'"~*\bbr\b(?!;q=0(\.0*)?(,|\s|$))" br;'

#: For who asks for content meanwhile. Nothing keeps it.
HELD_BACK = """\
add_header Retry-After 10 always;
add_header Cache-Control no-store always;
return 503;
"""

#: Kolibri's largest uploads are lists of users and pictures. Django keeps one in /tmp meanwhile,
#: which may be a file system of 64 MB.
LARGEST_UPLOAD = "50m"

#: Files that each of three caches of a process of nginx keeps open, and what else it has open
#: besides its connections.
FILES_KEPT_OPEN = 500
OTHER_DESCRIPTORS = 64
FILES_BESIDE_CONNECTIONS = 3 * FILES_KEPT_OPEN + OTHER_DESCRIPTORS

#: With fewer, nginx could hardly serve a class; it would rather keep fewer files open.
FEWEST_CONNECTIONS = 128


@dataclasses.dataclass(frozen=True)
class Nginx:
    """What nginx is told.

    :param run: the only folder where it writes; the sockets of gunicorn lie there too.
    :param static: what static_files.py made.
    :param content: Kolibri's content folder.
    :param listen: port, or address and port.
    :param zipcontent_host: the host of the second origin; None where there is none.
    :param zipcontent_only: every host is the second origin, and there is no first one.
    :param behind_proxy: a proxy ends TLS in front, and says whose a request is.
    :param workers: processes.
    :param connections: of each process; one that is passed on counts twice. Fewer where the
        process may not have so many files open.
    :param shutdown_seconds: after SIGQUIT, those for which requests in flight are finished.
    :param access_log: where to, such as /dev/stdout.
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
    shutdown_seconds: int = 4
    access_log: str = "off"

    @property
    def folder(self) -> Path:
        """Where the configuration lies, and nginx's own temporary files."""
        return _folder(self.run)

    @property
    def _content_root(self) -> Path:
        """A folder in which the content lies where its addresses say."""
        return self.folder / "root"

    def command(self) -> list[str]:
        """What starts nginx, in the foreground; SIGQUIT lets it finish its requests."""
        return ["nginx", "-e", "stderr", "-c", str(self.folder / "nginx.conf")]

    def content_command(self) -> list[str]:
        """What starts the other nginx, which reads the content share for the first."""
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
            for path in sorted(TEMPLATES.glob("*.conf"))
        }
        return {**texts, "types.conf": _types(), CONTENT_HELD_BACK: ""}

    def _values(self) -> dict[str, object]:
        return {
            "run": self.run,
            "static": self.static,
            "content_root": self._content_root,
            "templates": TEMPLATES,
            "listen": self.listen,
            "servers": self._servers(),
            "zipcontent_host": "_" if self.zipcontent_only else self.zipcontent_host or "_",
            "zipcontent_default": " default_server backlog=4096" if self.zipcontent_only else "",
            "behind_proxy": "yes" if self.behind_proxy else "no",
            "workers": self.workers,
            "connections": self._connections(),
            "open_file_cache": FILES_KEPT_OPEN,
            "open_files": self._open_files(),
            "shutdown_seconds": self.shutdown_seconds,
            "access_log": self.access_log,
            "largest_upload": LARGEST_UPLOAD,
            "user": _user(),
            **_brotli(),
        }

    def _servers(self) -> str:
        if self.zipcontent_only:
            return "include zipcontent.conf;"
        if self.zipcontent_host is None:
            return "include app.conf;"
        return "include app.conf;\n    include zipcontent.conf;"

    def _open_files(self) -> int:
        wanted = 2 * self.connections + FILES_BESIDE_CONNECTIONS
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        return wanted if most == resource.RLIM_INFINITY else min(wanted, most)

    def _connections(self) -> int:
        possible = (self._open_files() - FILES_BESIDE_CONNECTIONS) // 2
        return min(self.connections, max(possible, FEWEST_CONNECTIONS))


def hold_content_back(run: Path) -> None:
    """Have nginx answer 503 for content, without a look at the share.

    :param run: as in :class:`Nginx`.
    """
    (_folder(run) / CONTENT_HELD_BACK).write_text(HELD_BACK)
    _begin_anew(run)


def content_is_held_back(run: Path) -> bool:
    """Whether nginx answers 503 for content."""
    try:
        return (_folder(run) / CONTENT_HELD_BACK).read_text() != ""
    except FileNotFoundError:
        return False


def release_content(run: Path) -> None:
    """Have nginx send content again."""
    (_folder(run) / CONTENT_HELD_BACK).write_text("")
    _begin_anew(run)


def _folder(run: Path) -> Path:
    return run / "nginx"


def _begin_anew(run: Path) -> None:
    """New processes with the configuration as it is now; the old ones finish what they do."""
    try:
        os.kill(int((run / "nginx.pid").read_text()), signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        # It does not run, and will read the configuration when it does.
        return


class _Template(string.Template):
    """Places in %{braces}: nginx has a use of its own for the dollar."""

    delimiter = "%"
    idpattern = r"(?!)"
    braceidpattern = r"[a-z_]+"


def _brotli() -> dict[str, str]:
    """Brotli where its modules are installed; gzip alone elsewhere."""
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
    """Root's workers would be another user, who may not read what root may."""
    return f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""


def _types() -> str:
    """Kolibri's own table of media types, as nginx reads it."""
    import kolibri  # noqa: F401 (puts the libraries that it brings along on the path)
    from whitenoise.media_types import MediaTypes

    extensions = {
        name[1:]: kind for name, kind in MediaTypes().types_map.items() if name.startswith(".")
    }
    lines = [f'    "{_with_charset(kind)}" {name};' for name, kind in sorted(extensions.items())]
    return "\n".join(["types {", *lines, "}", f"default_type {MediaTypes().default};", ""])


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
