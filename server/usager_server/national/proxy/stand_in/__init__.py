"""The stand-in of what lies behind a Proxy e-santé."""
