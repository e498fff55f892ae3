"""The page's entry in Kolibri's own menu.

Kolibri's hook expects a bundle that webpack has built. One call needs no build: it uses the globals
that Kolibri gives to its own bundles (0.19.5, packages/kolibri/composables/useNav.js).

The script is inside Kolibri's pages, because a file would be one more request of each learner.
Kolibri's policy allows no such script, so the policy gets the hash of this one. Entry and script
are the same for all visitors, because nginx keeps one page for all (docker/nginx/pages.conf): the
menu itself shows an entry only to the role that it names.
"""

from __future__ import annotations

import base64
import hashlib

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from kolibri_azure_plugin.web.status.language import ENGLISH, Wording, languages

#: What Kolibri calls the entry, in its pages too.
BUNDLE = "kolibri_azure_plugin.side_nav"

#: The role in Kolibri's menu (0.19.5, UserKinds in packages/kolibri/constants.js).
ROLE = "superuser"

#: One of the icons of Kolibri's design system.
ICON = "dashboard"

# Where Kolibri's menu works in another way, only the entry is missing.
SCRIPT = f"""
try {{
  const entry = document.querySelector('template[data-plugin="{BUNDLE}"]').content.textContent;
  kolibriCoreAppGlobal["kolibri/composables/useNav"].registerNavItem(JSON.parse(entry));
}} catch (error) {{
  console.warn("{BUNDLE}:", error);
}}
"""

TAG = f"<script>{SCRIPT}</script>"

#: What allows this script, and no other, in a Content-Security-Policy.
SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"


def entry() -> dict[str, str]:
    """The entry as Kolibri's menu takes it, in the language of the present request."""
    from kolibri_azure_plugin.web.status.views import PAGE

    language = get_language()
    words = Wording(language if language in languages() else ENGLISH)
    return {"url": reverse(PAGE), "icon": ICON, "role": ROLE, "label": words.text("title")}


def allow_script() -> None:
    """Add the script to the policy of Kolibri's pages, once Django's settings are complete."""
    allowed = getattr(settings, "CSP_SCRIPT_SRC", None)
    if allowed is not None:
        settings.CSP_SCRIPT_SRC = (*allowed, SOURCE)
