"""The tables of the proxy, step by step. Each step runs while the version before it still serves."""
