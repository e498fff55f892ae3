"""Channel imports on PostgreSQL and on a network share, with several instances at once."""
