"""Coerces values to fit PostgreSQL's columns where no user could correct them."""
