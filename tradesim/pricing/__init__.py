"""What a price is: the problems, their domains and their ideal programs."""
