"""Migrations that are either done and recorded or not begun, however the process ends."""
