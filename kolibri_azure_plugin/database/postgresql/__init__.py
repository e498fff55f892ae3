"""Django's PostgreSQL backend with a login that is asked for when a connection is opened."""
