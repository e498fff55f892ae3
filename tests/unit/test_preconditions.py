"""The conditions before Kolibri reads its own options."""

from __future__ import annotations

import kolibri
import pytest

from kolibri_azure_plugin.configuration.preconditions import require_supported_kolibri
from kolibri_azure_plugin.errors import SettingsError


@pytest.mark.parametrize("version", [(0, 19, 3), (0, 20, 0), (1, 0, 0)])
def test_another_kolibri_is_refused_with_the_required_version(version, monkeypatch, repository):
    monkeypatch.setattr(kolibri, "VERSION", (*version, "final", 0))
    with pytest.raises(SettingsError) as refused:
        require_supported_kolibri()
    requirement = refused.value.remedy.split("'")[1]
    assert f'"{requirement}"' in (repository / "setup.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("version", [(0, 19, 4), (0, 19, 99)])
def test_a_supported_kolibri_is_accepted(version, monkeypatch):
    monkeypatch.setattr(kolibri, "VERSION", (*version, "final", 0))
    require_supported_kolibri()
