"""Pro Santé Connect: who a professional is, proven elsewhere (OpenID Connect, code flow and CIBA)."""
