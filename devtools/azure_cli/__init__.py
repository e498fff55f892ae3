"""Whether the real ``az`` takes the commands that the pages print.

The commands of a page are found by running its examples in a shell that has nothing but a stand-in
for ``az`` (:mod:`.printed`). Then az itself, in an Azure where nothing exists, is given each of
them (:mod:`.verdicts`).
"""

from devtools.azure_cli.printed import Printed, commands
from devtools.azure_cli.verdicts import AzureCli, AzureCliMissingError, Verdict

__all__ = ["AzureCli", "AzureCliMissingError", "Printed", "Verdict", "commands"]
