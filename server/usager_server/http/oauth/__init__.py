"""The addresses of the authorization server: HTTP to plain values and back. Their meaning is in `authorization/`."""
