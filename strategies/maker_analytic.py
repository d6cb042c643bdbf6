"""Make markets, compute: quotes stand around the solver's values, and the solver runs at every decision."""

import tradesim

STRATEGY = tradesim.Strategy(
    method="analytic",
    rule=tradesim.MakeRule(half_spread=0.0075, share=0.002, skew=0.0005, lots=5, cap=50),
    trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
    hedge=tradesim.DeltaHedge(band=300.0),
)

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).attribution)
