"""How a price is obtained: the contract of a method and one file per method."""
