"""How requests are served: health checks, errors, the status page, WSGI, interactive content."""
