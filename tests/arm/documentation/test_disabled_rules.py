"""Each rule of a scanner that is switched off has its reason in the page of security."""

from __future__ import annotations

import re

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import page
from tests.arm.test_checkov import CASES


def test_each_rule_that_is_switched_off_is_explained():
    text = page("security.md")
    for _, _, listed in CASES.values():
        for rule in listed:
            assert re.search(rf"^\|(?: \w+,)* {rule}[,| ].* \| .+ \|$", text, re.MULTILINE), rule


def test_each_rule_that_psrule_leaves_out_is_explained():
    excluded = re.findall(r"^    - (Azure\.\S+)$", (ARM / "ps-rule.yaml").read_text(), re.MULTILINE)
    assert excluded
    for rule in excluded:
        assert re.search(
            rf"^\| .*{re.escape(rule)}\b.* \| .+ \|$", page("security.md"), re.MULTILINE
        )
