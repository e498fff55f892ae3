"""What months of use leave behind: in each process, in each table, and in the task list."""
