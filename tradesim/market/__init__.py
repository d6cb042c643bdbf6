"""What happened: chains, tapes, and where they come from."""
