"""What a person accepts that leaves the record, or comes from elsewhere: asked before each national call is made."""
