"""Migrations that are either applied and recorded, or not at all, however the process ends."""
