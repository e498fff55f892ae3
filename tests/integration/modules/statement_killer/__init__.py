"""A Kolibri plugin for tests: ends a process with SIGKILL right before one of its statements."""

__version__ = "1.0.0"
