"""How requests are served: health checks, errors, WSGI and interactive content."""
