"""tradesim: solver, table or model, compared on the money they make under latency."""
