"""What a document says before anyone has written it: its outline, filled with what the record holds."""
