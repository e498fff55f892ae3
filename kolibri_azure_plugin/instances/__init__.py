"""Coordinates several instances on one database: starts, background workers and identity."""
