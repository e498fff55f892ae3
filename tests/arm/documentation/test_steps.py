"""Steps of the page of deployment: the image, the services, preflight, and blocks of commands."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import PAGES, blocks_of, chapter, page

#: Services that are registered in every subscription.
BUILT_IN = {"Microsoft.Authorization", "Microsoft.Resources"}


def test_every_service_of_the_templates_can_be_registered():
    """All except the two that every subscription has."""
    templates = "".join(path.read_text(encoding="utf-8") for path in ARM.glob("*_template.json"))
    used = set(re.findall(r'"type": "(Microsoft\.\w+)/', templates))
    loop = re.search(r"for namespace in (.*?); do", page("deploy.md"), re.DOTALL)
    assert set(loop[1].replace("\\", " ").split()) == used - BUILT_IN


def test_each_source_of_the_image_is_explained(production):
    section = chapter("deploy.md", "## Where the image comes from")
    explained = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    sources = production["parameters"]["imageSource"]
    assert explained == ["imageSource", *sources["allowedValues"]]
    assert f"| `{sources['defaultValue']}`, the default |" in section


def test_no_page_names_an_image_that_does_not_exist():
    """Every image name with a registry is a placeholder for the reader."""
    image = re.compile(r"[\w.-]+\.(?:io|com)/[\w./-]*kolibri-azure[:@][\w.:-]+")
    named = {found for name in PAGES for found in image.findall(page(name))}
    assert named == {"REGISTRY.azurecr.io/kolibri-azure:TAG"}


def test_the_example_for_terraform_is_well_formed():
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed")
    (example,) = blocks_of("templates.md", "hcl")
    formatted = subprocess.run(
        ["terraform", "fmt", "-"], input=example, capture_output=True, text=True, check=False
    )
    assert formatted.stdout == example, formatted.stderr


def test_the_sample_of_preflight_is_of_its_form():
    program = (ARM / "preflight").read_text(encoding="utf-8")
    (sample,) = blocks_of("deploy.md", "text")
    *lines, sums, first = sample.splitlines()
    statuses = []
    for line in lines:
        shown = re.fullmatch(r"(PASS|WARN|FAIL|SKIP) preflight\.(\w+): .+", line)
        assert shown, line
        assert f"\n{shown[2]}|" in program, line
        statuses.append(shown[1])
    assert set(statuses) == {"PASS", "WARN", "FAIL", "SKIP"}
    assert re.fullmatch(r"\d+ passed, \d+ warnings, \d+ failed, \d+ skipped", sums)
    assert sum(map(int, re.findall(r"\d+", sums))) == len(
        re.findall(r"^\w+\|", program, re.MULTILINE)
    )
    failed = next(line for line in lines if line.startswith("FAIL"))
    assert failed.removeprefix("FAIL ").startswith(first.removeprefix("begin with "))


def test_each_block_that_reads_a_file_of_the_clone_begins_in_it():
    """A new Cloud Shell window opens in another folder."""
    reading = re.compile(r"arm/|kolibri\S*\.parameters\.json|^ *git (?!clone)", re.MULTILINE)
    blocks = re.findall(
        r"(?:^(?: {4}| {6,7}).*\n)+",
        page("deploy.md") + page("failed-deployments.md"),
        re.MULTILINE,
    )
    of_the_clone = [block for block in blocks if reading.search(block)]
    assert of_the_clone
    for block in of_the_clone:
        assert block.strip().startswith("cd ~/kolibri-azure\n"), block
