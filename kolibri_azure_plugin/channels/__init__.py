"""The import of channels: what PostgreSQL takes less kindly than SQLite, and who imports when."""
