"""Whether coaches are told of all work that was answered, whatever comes to its end."""
