"""Images that a deployment can name, and what they are built from."""

from __future__ import annotations

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "0123456789abcdef" * 4
RELEASED = f"registry.example.org/kolibri-azure@{DIGEST}"
OWN = "schoolimages.azurecr.io/kolibri:2"
FORK = "https://git.example.org/ministry/kolibri.git"


def known(template, values):
    """The values that are parameters of the template."""
    return {name: value for name, value in values.items() if name in template["parameters"]}
