"""A test deployment on SQLite, set up by its settings."""

from __future__ import annotations

from pathlib import Path

from devtools.deployment import FACILITY, SUPERUSER, SUPERUSER_PASSWORD, Deployment
from devtools.instances import another_instance

from .conftest import TEST_DEPLOYMENT

#: What it takes over from the environment of another deployment.
TAKEN_OVER = ("PATH", "HOME", "PYTHONPATH", "KOLIBRI_PLUGIN_ENABLE")


def trial_deployment(deployment: Deployment, home: Path) -> Deployment:
    """A test deployment with its own home, and without the database of this deployment."""
    instance = another_instance(deployment, home)
    instance.kind = ""
    instance.environment = {
        **{name: deployment.environment[name] for name in TAKEN_OVER},
        **TEST_DEPLOYMENT,
        "KOLIBRI_HOME": str(home),
        "KOLIBRI_AZURE_FACILITY_NAME": FACILITY,
        "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
        "KOLIBRI_SUPERUSER_PASSWORD": SUPERUSER_PASSWORD,
        "KOLIBRI_AZURE_HTTPS_PROXY": "false",
    }
    return instance
