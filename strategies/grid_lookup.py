"""Remember: every option is looked up in a grid precomputed into DuckDB."""

import tradesim

STRATEGY = tradesim.Strategy(method="grid", rule=tradesim.TakeRule(edge=0.0075, cap=50))

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).table)
