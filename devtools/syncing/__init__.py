"""A cloud of two instances, and schools that sync with it, with stock Kolibri on SQLite."""
