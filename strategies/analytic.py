"""Compute: every option is priced by the solver at every decision."""

import tradesim

STRATEGY = tradesim.Strategy(method="analytic", rule=tradesim.TakeRule(edge=0.0075, cap=50))

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).table)
