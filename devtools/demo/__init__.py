"""Runs Kolibri with the plugin and everything it needs on this machine, for `make demo`."""
