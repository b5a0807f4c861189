"""The sandbox: local stand-ins of the national services, each a process of its own behind real TLS."""
