"""How much XML may hold in one place; docs/limits.md lists these with those of the other floors."""

DEPTH_LIMIT = 60

ATTRIBUTES_LIMIT = 30
"""On an element: FHIR has two. Listing n of them takes lxml n² steps, so nobody may send thousands."""

NARRATIVE_ATTRIBUTES_LIMIT = 100
"""On an element of the narrative: XHTML has some forty."""
