"""A Kolibri plugin for tests: writes down each upgrade function that runs."""

__version__ = "1.0.0"
