"""The page and the drawing that are written from the templates are up to date."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from devtools.arm import parameters_page
from tests.arm.documentation.pages import page

#: People in the diagram.
PEOPLE = {"learners", "operators"}

#: Resources that the diagram omits, because another one represents them.
NOT_DRAWN = re.compile(
    r"Secret$|Secrets$|Zone$|ZoneLink$|EndpointName$|SecurityGroup$|Diagnostics$|^locks$|Mounts$"
    r"|[pP]ublishing|^frontDoor.+|OnFrontDoor$|^domain|^fileService$|^backup(?!Vault|sShare)|^database.+|^kolibriDatabase$"
    r"|ReadsSecrets$|^image|^taskPushes|^planSize$|^subnets$|^registryAccess$|^availabilityAlerts$"
)


def test_the_parameters_page_is_the_one_that_the_templates_give():
    written = parameters_page.PAGE.read_text(encoding="utf-8")
    assert written == parameters_page.page(), "run python -m devtools.arm.parameters_page"


def test_the_diagram_shows_each_resource_that_matters(production):
    nodes = set(re.findall(r"^\s+(\w+) \[label=", page("diagrams/production.dot"), re.MULTILINE))
    expected = {name for name in production["resources"] if not NOT_DRAWN.search(name)}
    assert nodes - PEOPLE == expected


def test_the_drawing_has_the_nodes_and_labels_of_its_source():
    source = page("diagrams/production.dot")
    labels = {
        node: label.split("\\n")
        for node, label in re.findall(r"^\s+(\w+) \[label=\"([^\"]+)\"", source, re.MULTILINE)
    }
    drawing = ET.fromstring(page("diagrams/production.svg"))
    svg = "{http://www.w3.org/2000/svg}"
    drawn = {
        group.find(f"{svg}title").text: [each.text for each in group.findall(f"{svg}text")]
        for group in drawing.iter(f"{svg}g")
        if group.get("class") == "node"
    }
    assert drawn == labels
