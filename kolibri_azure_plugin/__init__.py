"""Kolibri on Microsoft Azure: PostgreSQL over TLS, Key Vault secrets, a verified content share."""

#: A full semantic version: Kolibri refuses to update a plugin whose version is shorter.
__version__ = "0.1.0"
