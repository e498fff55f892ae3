"""What the page has in common with Kolibri's own pages: fonts and logo."""

from __future__ import annotations

import dataclasses

from django.templatetags.static import static
from kolibri.core.kolibri_plugin import FONT_CSS_HASHES
from kolibri.core.theme_hook import ThemeHook

from kolibri_azure_plugin import __version__


@dataclasses.dataclass(frozen=True)
class Look:
    """The look of every page in one language.

    :param fonts: the address of the style sheet with the fonts of the language.
    :param logo: the address of the theme's logo; empty if it has none.
    :param version: the plugin's, which makes browsers fetch its own style sheet again.
    """

    fonts: str
    logo: str
    version: str = __version__


def look_in(language: str) -> Look:
    """The look of Kolibri's pages in a language of the page."""
    fonts = FONT_CSS_HASHES[f"noto-full.{language}.modern.css"]
    logos = [each["src"] for each in ThemeHook.get_theme().get("logos", ()) if each.get("src")]
    drawn = [each for each in logos if each.endswith(".svg")]
    return Look(static(f"assets/fonts/{fonts}"), next(iter([*drawn, *logos]), ""))
