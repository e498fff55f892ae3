"""The content share: mounted, of the right type, readable, writable, and never waited for."""
