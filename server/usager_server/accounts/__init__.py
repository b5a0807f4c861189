"""Who signs in: accounts, passwords, second factors, contacts, links to an identity provider, sessions."""
