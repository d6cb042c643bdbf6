"""Make markets, learn: quotes stand around the values of a LightGBM model trained on the solver's answers."""

import tradesim

STRATEGY = tradesim.Strategy(
    method="lightgbm",
    rule=tradesim.MakeRule(half_spread=0.0075, share=0.002, skew=0.0005, lots=5, cap=50),
    trigger=tradesim.AnyOf((tradesim.SpotMoved(), tradesim.OwnTraded())),
    hedge=tradesim.DeltaHedge(band=300.0),
)

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).attribution)
