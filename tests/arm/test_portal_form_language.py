"""The language of the form: Microsoft's own examples, and errors that must be noticed."""

from __future__ import annotations

import pytest

from devtools.arm.portal_form import Form, FormError


@pytest.fixture
def value(checker):
    def compute(expression, **answers):
        element = {"type": "Microsoft.Common.TextBox"}
        parameters = {
            "basics": [{**element, "name": name} for name in answers],
            "steps": [{"name": "page", "elements": [{**element, "name": "empty"}]}],
            "outputs": {"value": expression},
        }
        return Form({"parameters": parameters}, checker).outputs(answers)["value"]

    return compute


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("[concat('Demo ', basics('name'), ' app')]", "Demo Contoso app"),
        ("[replace('Contoso.net web app', '.net', '.com')]", "Contoso.com web app"),
        ("[split('555-867-5309', '-')]", ["555", "867", "5309"]),
        ("[coalesce(steps('page').empty, 'Contoso')]", "Contoso"),
        ("[contains('webapp', 'web')]", True),
        ("[empty(steps('page').empty)]", True),
        ("[equals(0, 0)]", True),
        ("[and(equals(0, 0), equals('web', 'site'))]", False),
        ("[if(equals(42, 42), 'yes', 'no')]", "yes"),
        ("[int('1')]", 1),
        ("[bool('true')]", True),
        ("[parse('[1,2,3]')]", [1, 2, 3]),
        ('[parse(\'{"type":"webapp"}\')]', {"type": "webapp"}),
        ("no expression", "no expression"),
    ],
)
def test_a_function_returns_the_documented_value(expression, expected, value):
    assert value(expression, name="Contoso") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "[basics('other')]",
        "[steps('page').other]",
        "[steps('other').empty]",
        "[steps('page').empty.member]",
        "[split(steps('page').empty, ',')]",
        "[if(equals(1, 1), 'yes', replace(steps('page').empty, 'a', 'b'))]",
        "[if('yes', 1, 2)]",
        "[if(equals(1, 1), 1]",
        "[int('many')]",
        "[parse('{')]",
        "[createObject('a', 1)]",
        "[toLower('A')]",
    ],
)
def test_an_expression_that_the_portal_may_not_compute_is_an_error(expression, value):
    with pytest.raises(FormError):
        value(expression, name="Contoso")
