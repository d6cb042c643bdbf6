"""What came out: one schema, one set of views, one store."""
