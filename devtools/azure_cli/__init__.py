"""Checks whether the real ``az`` accepts the commands that the project prints or documents.

:mod:`.places` finds the commands: in pages, remedies in the code, the doctor's golden files,
workflows and templates. :mod:`.printed` runs them in a shell that has only stand-ins, to see which
calls they make. :mod:`.verdicts` gives each call to the real az, in an Azure where nothing exists.
jq checks its programs.
"""

from devtools.azure_cli.places import everywhere, in_outputs
from devtools.azure_cli.printed import Collected, Example, Printed, collect
from devtools.azure_cli.verdicts import AzureCli, AzureCliMissingError, Verdict

__all__ = [
    "AzureCli",
    "AzureCliMissingError",
    "Collected",
    "Example",
    "Printed",
    "Verdict",
    "collect",
    "everywhere",
    "in_outputs",
]
