"""A Kolibri plugin for tests: makes a process believe that it runs on a machine of its own."""

__version__ = "1.0.0"
