"""Exports: their names, where they are stored, and how browsers save them."""
