"""Role zipcontent: what starts in it and what does not, and what the doctor examines."""

from __future__ import annotations

import pytest

from devtools.channel import make_channel
from devtools.deployment import run
from devtools.process import ProcessEndedError
from tests.fuse import NEEDS_FUSE

from .content_app import content_app, databases
from .examination import examine
from .serving import APPLICATION, zip_content_server

#: Prints the settings that Django has in the server.
LEFT = """
import sys
import kolibri
import kolibri.deployment.default.alt_wsgi
from django.conf import settings
engines = {entry["ENGINE"] for entry in settings.DATABASES.values()}
caches = {entry["BACKEND"] for entry in settings.CACHES.values()}
models = [name for name in sys.modules if name.startswith("kolibri.core.") and "models" in name]
sdks = [name for name in sys.modules if name.startswith("azure.")]
key = settings.SECRET_KEY
print("LEFT", engines, caches, models, sdks, len(key), key[:8] + ".")
"""


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    """The content folder of a small channel."""
    return make_channel(tmp_path_factory.mktemp("drive")) / "content"


@pytest.fixture
def app(tmp_path, channel, mounts):
    return content_app(tmp_path, channel)


def test_django_is_left_without_database_models_and_shared_caches(app):
    seen = set()
    for _ in range(2):
        words = app.command(app.python, "-c", LEFT)
        result = run(words, app.environment, 60)
        assert result.returncode == 0, result.stderr
        line = next(line for line in result.stdout.splitlines() if line.startswith("LEFT"))
        assert "{'django.db.backends.dummy'}" in line
        assert "{'django.core.cache.backends.locmem.LocMemCache'} [] [] 64" in line
        seen.add(line)
    assert len(seen) == 2, "the key of one process is that of another"
    assert not databases(app)


@pytest.mark.parametrize(
    "kind, code",
    [("", "share-not-mounted"), pytest.param("hang", "share-hangs", marks=NEEDS_FUSE)],
)
def test_without_the_share_it_does_not_start(kind, code, app):
    app.kind = kind
    app.environment["KOLIBRI_AZURE_STARTUP_TIMEOUT"] = "1"
    with pytest.raises(ProcessEndedError, match=f"troubleshooting.md#{code}"):
        zip_content_server(app)
    assert not databases(app)


@pytest.mark.parametrize(
    "words",
    [
        ("-m", "kolibri", "start", "--foreground"),
        ("-m", "kolibri", "services", "--foreground"),
        ("-m", "kolibri", "shell"),
        ("-m", "kolibri", "manage", "migrate"),
        ("-m", "kolibri", "manage", "azure_worker"),
        ("-m", "kolibri", "configure", "setup"),
        ("-m", "gunicorn", "--preload", "--bind=127.0.0.1:0", APPLICATION),
        ("-c", "import kolibri, kolibri.deployment.default.wsgi"),
    ],
    ids=lambda words: " ".join(words[1:]),
)
@pytest.mark.parametrize("deployment", ["production", "test"])
def test_nothing_else_runs_in_this_role(deployment, words, app):
    app.environment["KOLIBRI_AZURE_DEPLOYMENT"] = deployment
    result = run(app.command(app.python, *words), app.environment, 60)
    assert result.returncode != 0
    assert "This process may only serve interactive content." in result.stderr
    assert "troubleshooting.md#zip-content-only" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert not databases(app)


def test_commands_without_a_database_still_run(app):
    assert "Microsoft Azure" in app.require("plugin", "list")
    assert "0.19" in app.require("--version")


def test_the_doctor_examines_the_parts_that_this_role_has(app):
    examination = examine(app)
    statuses = {entry["id"]: entry["status"] for entry in examination.document["checks"]}
    passed = {name for name, status in statuses.items() if status == "pass"}
    assert examination.exit_code == 0
    assert passed >= {
        "azure.content.mount",
        "azure.content.access",
        "azure.content.space",
        "azure.kolibri.plugin",
        "azure.kolibri.settings",
        "azure.kolibri.start",
        "azure.kolibri.version",
        "azure.platform.memory",
    }
    assert statuses["azure.database.sign_in"] == statuses["azure.vault.secrets"] == "skip"
    assert "KOLIBRI_AZURE_ROLE is zipcontent" in examination["azure.database.sign_in"]["message"]
    assert not databases(app)


def test_the_doctor_finds_a_share_that_is_not_there(app):
    app.kind = ""
    examination = examine(app)
    assert examination.first_failure["id"] == "azure.content.mount"
    assert examination["azure.kolibri.start"]["status"] == "skip"
    assert examination.document["counts"]["fail"] == 1
