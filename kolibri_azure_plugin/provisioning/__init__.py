"""The first start: sets up a fresh deployment from its settings before it serves requests."""
