"""The files with every combination, and the tool that passes them to Microsoft's engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from devtools.arm import parameter_sets, snapshot
from devtools.arm.combinations import PASSWORD, PRODUCTION_CHOICES, values_of
from tests.arm.conftest import ARM, NAMES
from tests.arm.inspection import findings

ROOT = ARM.parent

#: A stand-in for Bicep's command line: accepts the arguments in its source, and takes its output
#: from a file with the name of the set.
BICEP = """\
#!{python}
import json, os, pathlib, sys

command, file, *options = sys.argv[1:]
assert command == "snapshot" and file.endswith(".bicepparam"), sys.argv
known = ["--mode", "--tenant-id", "--subscription-id", "--resource-group", "--location"]
assert options[::2] == known and options[1] == "overwrite", options
path = pathlib.Path(file)
template = path.read_text().split("'")[1]
assert (path.parent / template).is_file(), template
told = json.loads(os.environ["TOLD"]).get(path.stem, {{}})
print(told.get("said", ""), end="", file=sys.stderr)
if told.get("snapshot", True):
    content = {{"predictedResources": [{{"type": "a"}}], "diagnostics": [], "outputs": {{}}}}
    content.update(told.get("content", {{}}))
    path.with_suffix(".snapshot.json").write_text(json.dumps(content))
sys.exit(told.get("code", 0))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    done = subprocess.run(
        [sys.executable, "-m", "devtools.arm.parameter_sets", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    count = len(list(parameter_sets.parameter_sets()))
    assert done.stdout == f"{count} sets in {folder}\n"
    return folder


def files(written, kind):
    return {path.name.partition(".")[0]: path for path in (written / kind).iterdir()}


def test_both_tools_get_each_example_and_each_combination_of_both_templates(written):
    names = set(files(written, "json"))
    assert names == set(files(written, "bicep"))
    assert {"small", "medium", "large", "production-01", "test-01"} <= names
    sets = [one.values for one in parameter_sets.parameter_sets()]
    for name, choices in (pair for table in PRODUCTION_CHOICES for pair in table.items()):
        for choice in choices:
            wanted = values_of({name: choice}).items()
            assert any(all(each.get(key) == value for key, value in wanted) for each in sets), name


def test_a_parameters_file_names_its_template_from_the_root(written):
    for name, path in files(written, "json").items():
        document = json.loads(path.read_text(encoding="utf-8"))
        kind = "test" if name.startswith("test-") else "production"
        assert ROOT / document["metadata"]["template"] == NAMES[kind]
        assert path.name == f"{name}.parameters.json"


def test_the_examples_name_the_template_from_the_root_too():
    examples = list((ARM / "parameters").glob("*.parameters.json"))
    assert len(examples) == 3
    for path in examples:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert ROOT / document["metadata"]["template"] == NAMES["production"]


def test_the_checker_finds_nothing_with_the_values_that_are_written(written, checker):
    for kind, path in NAMES.items():
        template = json.loads(path.read_text(encoding="utf-8"))
        sets = [
            {
                name: each["value"]
                for name, each in json.loads(file.read_text())["parameters"].items()
            }
            for name, file in files(written, "json").items()
            if name.startswith("test-") == (kind == "test")
        ]
        assert findings(checker, template, sets) == []


def test_no_file_holds_a_password(written):
    for path in written.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert PASSWORD not in text
        given = re.search(r"superuserPassword\W+(?:value\W+)?([\w-]+)", text)
        assert given[1] == parameter_sets.PASSWORD


def test_values_are_written_as_bicep_writes_them(tmp_path):
    values = {
        "text": "it's ${no} \\ expression\n",
        "number": 7,
        "truth": False,
        "nothing": None,
        "list": ["a", ["b"]],
        "object": {"plain": {}, "with-dash": [1]},
    }
    one = parameter_sets.ParameterSet("x", tmp_path / "templates" / "a.json", values)
    assert parameter_sets.as_bicep(one, tmp_path / "sets").splitlines() == [
        "using '../templates/a.json'",
        "",
        r"param text = 'it\'s \${no} \\ expression\n'",
        "param number = 7",
        "param truth = false",
        "param nothing = null",
        "param list = ['a', ['b']]",
        "param object = { plain: {}, 'with-dash': [1] }",
    ]


@pytest.fixture
def run(tmp_path):
    """Run the tool with a ``bicep`` of this behaviour; without one there is no ``bicep``."""

    def run(told=None):
        folder = tmp_path / "bin"
        folder.mkdir()
        if told is not None:
            program = folder / "bicep"
            program.write_text(BICEP.format(python=sys.executable))
            program.chmod(0o755)
        return subprocess.run(
            [sys.executable, "-m", "devtools.arm.snapshot"],
            cwd=ROOT,
            env={**os.environ, "PATH": str(folder), "TOLD": json.dumps(told)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_an_engine_that_has_nothing_to_say_lets_every_set_pass(run):
    done = run({})
    count = len(list(parameter_sets.parameter_sets()))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == (
        f"{count} of {count} sets of parameters without a diagnostic"
    )


def test_whatever_the_engine_says_fails_the_set_that_it_is_about(run):
    done = run(
        {
            "small": {"content": {"diagnostics": ["resources.app Error NestedDeployment: bad"]}},
            "medium": {"content": {"predictedResources": []}},
            "large": {"said": "large.bicepparam(1,7) : Warning BCP000: odd\n"},
            "test-01": {"said": "cannot\n", "code": 1, "snapshot": False},
            "test-02": {"snapshot": False},
        }
    )
    count = len(list(parameter_sets.parameter_sets()))
    assert done.returncode == 1
    said = done.stdout
    assert "small: \n  resources.app Error NestedDeployment: bad\n" in said
    assert "medium: \n  no resources\n" in said
    assert "large: \n  large.bicepparam(1,7) : Warning BCP000: odd\n" in said
    assert "test-01: \n  cannot\n  exit code 1\n" in said
    assert "test-02: \n  no snapshot as expected: FileNotFoundError" in said
    assert f"{count - 5} of {count} sets of parameters without a diagnostic\n" in said


def test_without_bicep_it_says_how_to_get_it(run):
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == snapshot.MISSING + "\n"
    assert "az bicep install" in done.stderr
