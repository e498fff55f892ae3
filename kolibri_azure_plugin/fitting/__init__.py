"""What others have written, made to fit PostgreSQL's columns, where nobody could correct it."""
