"""Django's PostgreSQL backend, which fetches the login whenever it opens a connection."""
