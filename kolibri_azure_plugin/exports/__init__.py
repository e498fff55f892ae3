"""Exports: what they are called, where they are written, and how a browser saves them."""
