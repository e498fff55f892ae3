"""Kolibri with the plugin and everything it needs, on this machine: what `make demo` runs."""
