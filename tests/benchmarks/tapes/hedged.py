"""Take, and hedge in the underlying what is held: of a future of 50 units, half a contract is a band of 25 units."""

import tradesim

STRATEGY = tradesim.Strategy(
    method="analytic",
    rule=tradesim.TakeRule(edge=0.0075, cap=50),
    hedge=tradesim.DeltaHedge(band=25.0),
)

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).table)
