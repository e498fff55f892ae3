"""The real az understands every command that the pages print."""

from __future__ import annotations

import shutil

import pytest

from devtools import azure_cli
from devtools.azure_cli.verdicts import EXTENSIONS

#: To which a parameter of the template is added.
DEPLOY = (
    *("deployment", "group", "create", "-g", "GROUP", "-n", "kolibri"),
    *("--template-file", "arm/prod_deployment_template.json"),
    *("--parameters", "@kolibri.parameters.json", "--parameters"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def az():
    try:
        return azure_cli.AzureCli()
    except azure_cli.AzureCliMissingError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def printed(repository):
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    pages = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    return [
        (page.name, each)
        for page in pages
        for each in azure_cli.commands(page.read_text(encoding="utf-8"))
    ]


def test_az_understands_every_command(az, printed):
    verdicts = az.judge([each.words for _, each in printed])
    refused = [
        f"{page}: {verdict.command}\n{verdict.words}"
        for (page, _), verdict in zip(printed, verdicts)
        if verdict.accepted is False
    ]
    assert len(verdicts) > 50
    assert not refused, "\n\n".join(refused)


def test_az_refuses_what_it_does_not_know(az):
    mistakes = [
        ["webapp", "restart", "-g", "GROUP"],
        ["postgres", "flexible-server", "db", "create", "-g", "GROUP", "-s", "SERVER"],
        ["storage", "share-rm", "list", "--storage-account", "ACCOUNT"],
        ["webapp", "move", "-g", "GROUP", "-n", "APP"],
        [*DEPLOY, "nonsense=1"],
    ]
    assert [each.accepted for each in az.judge(mistakes)] == [False] * len(mistakes)


def test_the_groups_of_extensions_are_those_that_az_lacks(az, printed):
    """With an extension installed, or moved into az, the command could be judged."""
    used = {each.words[0] for _, each in printed} & set(EXTENSIONS)
    assert used == set(EXTENSIONS)
