"""A cloud of two instances, and schools that sync with it: stock Kolibri on SQLite."""
