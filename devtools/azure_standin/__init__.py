"""A stand-in for the Azure services that Kolibri uses, for tests and the demo.

The real Azure SDKs work against it unmodified, with production URLs and TLS verification on::

    with AzureStandin(folder) as azure:
        azure.set_secret("kolibri-secret-key", "…")
        subprocess.run([...], env={**os.environ, **azure.environment()})

Read in this order: ``standin`` (how it is put together), ``http_service`` (one request), then the
services ``identity``, ``vault`` and ``files``, the way in (``proxy``) and what can go wrong
(``faults``). ``python -m devtools.azure_standin --help`` is the same as a program.
"""

from devtools.azure_standin.messages import LoggedRequest
from devtools.azure_standin.standin import VAULT_URL, AzureStandin

__all__ = ["VAULT_URL", "AzureStandin", "LoggedRequest"]
