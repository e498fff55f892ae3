"""The plugin's patches of Kolibri's own code.

Each patch wraps one function for which Kolibri has no hook. `tables/` lists them by subject.
"""
