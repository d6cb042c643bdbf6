"""What the desk and the venue do in time."""
