"""How large an expression may be; docs/limits.md lists these with those of the other floors."""

LENGTH_LIMIT = 20_000
"""Characters."""

DEPTH_LIMIT = 60
"""Of parentheses, signs and arguments."""

HEIGHT_LIMIT = 150
"""Of the tree: a path of so many steps, an operator repeated so often."""
