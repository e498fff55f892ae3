"""Tools for the patches of Kolibri."""
