"""Make markets, remember: quotes stand around values that are looked up in a grid precomputed into DuckDB."""

import tradesim

STRATEGY = tradesim.Strategy(
    method="grid",
    rule=tradesim.MakeRule(half_spread=0.0075, share=0.002, skew=0.0005, lots=5, cap=50),
    trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
    hedge=tradesim.DeltaHedge(band=300.0),
)

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).attribution)
