"""The portal's form keeps the rules of the vendor's toolkit, arm-ttk."""

from __future__ import annotations

import re

from .portal_questions import DEFINITION


class TestRulesOfTheVendorsToolkit:
    """arm-ttk's rules for a form. It can't run here; the hosted workflow runs it."""

    def test_its_schema_handler_and_version(self, form):
        schemas = "https://schema.management.azure.com/schemas"
        assert form["$schema"] == f"{schemas}/{form['version']}/CreateUIDefinition.MultiVm.json#"
        assert form["version"] == "0.1.2-preview"
        assert form["handler"] == "Microsoft.Azure.CreateUIDef"

    def test_nothing_is_blank_but_defaults(self):
        text = DEFINITION.read_text(encoding="utf-8")
        blanks = re.findall(r'"(\w+)"\s*:\s*(?:\{\s*\}|\[\s*\]|"\s*"|null)', text)
        assert set(blanks) <= {"defaultValue"}

    def test_the_region_is_handed_over(self, outputs):
        assert outputs["location"] == "[location()]"

    def test_a_text_box_has_a_rule_for_the_whole_text_and_says_it(self, questions):
        boxes = {
            place: each["constraints"]
            for place, each in questions.items()
            if each["type"] == "Microsoft.Common.TextBox"
        }
        assert boxes
        for place, constraints in boxes.items():
            regex = constraints["regex"]
            assert regex == "^" + regex[1:-1] + "$", place
            assert constraints["validationMessage"], place

    def test_a_password_is_typed_twice_and_goes_to_a_secret_parameter(
        self, handed_over, production
    ):
        secrets = {
            name
            for name, each in handed_over.items()
            if each["type"] == "Microsoft.Common.PasswordBox"
        }
        assert secrets == {"superuserPassword"}
        assert handed_over["superuserPassword"]["options"]["hideConfirmation"] is False
        assert production["parameters"]["superuserPassword"]["type"] == "securestring"
