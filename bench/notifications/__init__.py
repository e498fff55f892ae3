"""Whether coaches are told of all work that was answered, whatever ends a process or the database."""
