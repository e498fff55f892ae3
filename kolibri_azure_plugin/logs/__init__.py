"""Logs for a container: one line per event, on stdout, without secrets."""
