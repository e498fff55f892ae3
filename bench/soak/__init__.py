"""Measures what months of use leave behind in processes, tables and the task list."""
