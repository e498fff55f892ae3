"""Kolibri on Microsoft Azure: PostgreSQL over TLS, Key Vault secrets, a verified content share."""

#: A full semantic version: Kolibri refuses to update a plugin whose version is shorter.
__version__ = "0.1.0"

#: The project's home page. ``make address`` sets it, here and in every copy.
PROJECT_ADDRESS = "https://github.com/learningequality/kolibri-azure"

#: The address of the documentation.
DOCUMENTATION = f"{PROJECT_ADDRESS}/blob/main/docs"
