"""The server of interactive content: the share and nothing else. No account, no secret, no peer."""
