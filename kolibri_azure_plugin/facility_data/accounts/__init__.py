"""Accounts: unique usernames, and imports of user lists that survive a bad row."""
