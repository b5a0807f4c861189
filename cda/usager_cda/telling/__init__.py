"""What a document says of itself, in French, for paper and for screens."""
