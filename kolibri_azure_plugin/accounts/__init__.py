"""Accounts: a name is made once, and lists of users are read to their end."""
