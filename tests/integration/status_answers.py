"""What a server answers at the addresses of the administrator's page, taken apart."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from .inside_kolibri import MARK

PAGE, EXAMINE, REPORT = "/azure/status/", "/azure/status/examine/", "/azure/status/report.json"


class Document(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.elements, self._texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self._texts.append(data)

    @property
    def text(self):
        """All texts, with one space between words."""
        return " ".join(" ".join(self._texts).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def answers_of_script(deployment, script):
    """What a script in Kolibri's shell printed after "ANSWERS"."""
    deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
    output = deployment.require("manage", "shell", "-c", script)
    return json.loads(output.partition(MARK)[2].splitlines()[0])
