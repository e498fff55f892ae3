"""A stand-in for the Azure services that Kolibri uses, for tests and the demo.

The real Azure SDKs work with it unmodified, with production URLs and TLS verification::

    with AzureStandin(folder) as azure:
        azure.set_secret("kolibri-secret-key", "…")
        subprocess.run([...], env={**os.environ, **azure.environment()})

Reading order: ``standin`` (the parts together), ``http_service`` (one request), the services
``identity``, ``vault`` and ``files``, then ``proxy`` (the way in) and ``faults``.
``python -m devtools.azure_standin --help`` describes the same as a program.
"""

from devtools.azure_standin.messages import LoggedRequest
from devtools.azure_standin.standin import VAULT_URL, AzureStandin

__all__ = ["VAULT_URL", "AzureStandin", "LoggedRequest"]
