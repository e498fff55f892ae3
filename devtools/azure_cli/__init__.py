"""Whether the real ``az`` takes the commands that the project prints or documents.

What is printed is found in all its places (:mod:`.places`): pages, remedies in the code, what the
doctor has said, workflows and templates. A shell that has nothing but stand-ins says which calls it
comes to (:mod:`.printed`). Then az itself, in an Azure where nothing exists, is given each of them
(:mod:`.verdicts`), and jq its programs.
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
