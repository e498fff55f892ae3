"""The image's files and labels, and files that it must not have."""

from __future__ import annotations

import json
import re

import pytest

from devtools.container.container import RESTRICTIONS, run_to_completion
from devtools.container.locks import KOLIBRI_VERSIONS
from devtools.container.size import LIMIT, compare
from kolibri_azure_plugin import __version__
from tests.long_forms import LONG_FORM

pytestmark = pytest.mark.slow

#: Packages and programs that only a build needs.
BUILD_TOOLS = ("gcc", "make", "git", "curl", "wget")

NEVER_COMPILED = """
import importlib.util, os
print([
    path for folder, _, names in os.walk("/opt/kolibri") for name in names
    if (path := os.path.join(folder, name)).endswith(".py")
    and not os.path.exists(importlib.util.cache_from_source(path))
][:5])
"""

# A file of the image that its user could change would stay changed as long as the container.
WRITABLE = "find /opt /usr /etc -xdev -writable -not -type l 2>/dev/null | head -5"


@pytest.fixture(scope="session")
def configuration(engine, image):
    return json.loads(engine.run("image", "inspect", "--format={{json .Config}}", image))


@pytest.fixture
def run(engine, image):
    """Run a command in its own container; returns its exit code and output."""

    def run(*command: str, **environment: str):
        return run_to_completion(engine, image, *command, environment=environment)

    return run


@LONG_FORM
def test_the_image_is_hardly_larger_than_kolibri_installed_the_official_way(engine, image):
    found = compare(engine, image)
    assert found.ratio <= LIMIT, str(found)


def test_the_image_runs_as_an_ordinary_user(configuration, run):
    assert configuration["User"] == "1000:1000"
    assert run("id", "-un").output.split() == ["kolibri"]


def test_the_image_has_postgresqls_programs_without_the_modules_of_perl(run):
    """Backups need the programs, and none of those of Debian's package that need perl."""
    for name in ("pg_dump", "pg_restore", "psql"):
        found = run("sh", "-c", f"/usr/lib/postgresql/*/bin/{name} --version")
        assert re.search(rf"{name} \(PostgreSQL\) \d+", found.output), found.output
    assert run("sh", "-c", "ls /usr/share/perl/*").code != 0


def test_the_image_says_where_it_comes_from(configuration):
    labels = configuration["Labels"]
    opencontainers = "org.opencontainers.image."
    assert re.fullmatch("[0-9a-f]{40}|unknown", labels[f"{opencontainers}revision"])
    assert labels[f"{opencontainers}licenses"] == "MIT"
    assert labels[f"{opencontainers}base.name"].startswith(("public.ecr.aws/", "localhost/"))
    assert labels["org.learningequality.kolibri.version"] == KOLIBRI_VERSIONS[-1]
    assert labels[f"{opencontainers}version"] == __version__
    for name in ("title", "description", "created", "source", "documentation"):
        assert labels[opencontainers + name]


def test_the_doctor_in_the_image_knows_it_by_its_labels(configuration, run):
    examined = run("check", "--only", "azure.platform.image_age", "--format", "json")
    # Lines of the log follow the document.
    document, _ = json.JSONDecoder().raw_decode(examined.output)
    check = next(each for each in document["checks"] if each["id"] == "azure.platform.image_age")
    assert check["status"] in ("pass", "warn")
    labels = {
        name: configuration["Labels"][f"org.opencontainers.image.{name}"]
        for name in ("version", "revision")
    }
    assert labels.items() <= check["measurements"].items()
    assert check["measurements"]["updated"] <= check["measurements"]["created"]


def test_the_image_holds_the_kolibri_that_it_says(run):
    assert KOLIBRI_VERSIONS[-1] in run("kolibri", "--version").output.split()


def test_the_image_verifies_the_database_by_default(configuration):
    assert "KOLIBRI_AZURE_DATABASE_SSL_MODE=verify-full" in configuration["Env"]


def test_no_secret_and_nothing_of_this_machine_is_in_the_image(engine, image, configuration):
    history = engine.run("history", "--no-trunc", "--format={{.CreatedBy}}", image)
    for text in (history, *configuration["Env"]):
        lower = text.lower()
        assert not any(word in lower for word in ("password", "token", "proxy", "ca_bundle"))
    assert not [value for value in configuration["Env"] if "PIP_" in value]


def test_no_build_tool_is_in_the_image(run):
    found = run("sh", "-c", f"for name in {' '.join(BUILD_TOOLS)}; do command -v $name; done; :")
    assert found.output == ""
    assert run("python", "-m", "pip", "--version").code == 1


def test_no_cache_is_in_the_image(run):
    found = run("sh", "-c", "find /var/cache /var/lib/apt/lists /root/.cache -type f; :")
    assert not [line for line in found.output.splitlines() if line.startswith("/")]


def test_every_module_is_compiled_already(run):
    assert run("python", "-c", NEVER_COMPILED).output == "[]\n"


def test_its_user_can_change_no_file_of_it(run):
    assert run("sh", "-c", WRITABLE).output == ""


def test_the_root_is_read_only_here(run):
    assert "--read-only" in RESTRICTIONS
    assert run("touch", "/opt/kolibri/x").code == 1


def test_a_command_is_passed_through_with_its_exit_code(run):
    assert run("sh", "-c", "echo said; exit 7") == (7, "said\n")


def test_a_command_that_there_is_not_is_named(run):
    assert run("no-such-thing") == (127, "no-such-thing: not found\n")


def test_a_start_without_settings_ends_with_instructions(run):
    ended = run()
    assert ended.code == 78
    assert "docs/troubleshooting.md#share-not-mounted" in ended.output
