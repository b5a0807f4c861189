"""How each type of document is prefilled, a file each: sections, and the searches that fill them.

A new file is found by itself.
"""
