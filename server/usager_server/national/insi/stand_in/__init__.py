"""What the stand-in of INSi is made of; it shares nothing with the client but the wire."""
