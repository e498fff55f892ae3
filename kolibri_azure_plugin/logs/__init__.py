"""Logs as a container wants them: one line per event, on stdout, without secrets."""
