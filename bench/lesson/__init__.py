"""Compares stock Kolibri with this image's processes by a lesson: what a class really asks for."""
