"""The Proxy e-santé as its caller sees it: ours, or another that is cleared; both keep to one contract."""
