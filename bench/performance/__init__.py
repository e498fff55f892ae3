"""Compares stock Kolibri with this image's processes on the same machine and the same work."""
