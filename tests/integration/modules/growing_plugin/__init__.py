"""A Kolibri plugin for tests, whose new version has migrations."""

__version__ = "2.0.0"
