"""Moves the data of another Kolibri into this deployment."""
