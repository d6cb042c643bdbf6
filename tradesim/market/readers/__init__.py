"""One file a vendor format, each a function from paths to a tape."""
