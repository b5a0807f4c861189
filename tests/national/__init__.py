"""The national services: their clients against their stand-ins."""
