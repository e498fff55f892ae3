"""Evaluates the templates with Bicep, Microsoft's own engine: ``make snapshot``. Needs no account.

``bicep snapshot`` resolves every expression of a template as Azure would, and writes the resources
and its diagnostics to a file. Its exit code is always 0, so this module reads the file.

Exit code: 0 no diagnostics, 1 some, 2 ``bicep`` is missing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from devtools.arm import parameter_sets

#: The context of a deployment. The tenant and the subscription do not exist.
CONTEXT = {
    "--tenant-id": "11111111-1111-1111-1111-111111111111",
    "--subscription-id": "22222222-2222-2222-2222-222222222222",
    "--resource-group": "kolibri",
    "--location": "westeurope",
}

#: Seconds for one set of parameters.
TIMEOUT = 120

MISSING = """\
There is no bicep on the PATH. Install the Bicep CLI, version 0.49 or newer:
  https://learn.microsoft.com/azure/azure-resource-manager/bicep/install
If you have the Azure CLI:
  az bicep install && PATH="$HOME/.azure/bin:$PATH" make snapshot
(The Azure CLI has no command for a snapshot, so this needs the program itself.)"""


def diagnostics(bicep: str, parameters: Path) -> Iterator[str]:
    """Yield all diagnostics of a template with one set of parameters.

    :param bicep: the program.
    :param parameters: a .bicepparam file; the snapshot is written next to it.
    """
    command = [bicep, "snapshot", str(parameters), "--mode", "overwrite"]
    command += [word for option in CONTEXT.items() for word in option]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        yield f"no answer in {TIMEOUT} seconds"
        return
    said = f"{done.stdout}\n{done.stderr}".split("\n")
    yield from (line.strip() for line in said if line.strip())
    if done.returncode:
        yield f"exit code {done.returncode}"
        return
    yield from _of_file(parameters.with_suffix(".snapshot.json"))


def _of_file(path: Path) -> Iterator[str]:
    """Yield the diagnostics in a snapshot, and an error if it has no resources."""
    try:
        snapshot = json.loads(path.read_text(encoding="utf-8"))
        yield from snapshot["diagnostics"]
        if not snapshot["predictedResources"]:
            yield "no resources"
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield f"no snapshot as expected: {error!r}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate both templates with every set of parameters, and print the diagnostics.

    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m devtools.arm.snapshot",
        description="Evaluate the templates with Microsoft's engine, bicep snapshot.",
    )
    parser.parse_args(arguments)
    bicep = shutil.which("bicep")
    if not bicep:
        print(MISSING, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        files = parameter_sets.write(Path(folder).resolve())
        failed = 0
        for path in files:
            said = list(dict.fromkeys(diagnostics(bicep, path)))
            failed += bool(said)
            print(f"{path.stem}: {'no diagnostic' if not said else ''}", flush=True)
            for line in said:
                print(f"  {line}", flush=True)
    print(f"{len(files) - failed} of {len(files)} sets of parameters without a diagnostic")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
