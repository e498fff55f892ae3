"""Backups of the database: created, verified, restored, and made before upgrades and at night."""
