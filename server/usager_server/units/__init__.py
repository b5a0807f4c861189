"""Units of measure: what a UCUM code is in base units. Search and FHIRPath compare quantities with it."""
