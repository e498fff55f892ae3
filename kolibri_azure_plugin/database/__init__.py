"""PostgreSQL over TLS: its settings, its credentials and its connections."""
