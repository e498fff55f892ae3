"""The checks, a module for each category. A check is data with a function: see registry.py."""
