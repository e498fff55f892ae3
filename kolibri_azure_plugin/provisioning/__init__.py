"""The first start: a fresh deployment is set up from settings before it serves anybody."""
