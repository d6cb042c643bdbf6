"""Learn: every option is priced by a LightGBM model that was trained on the solver's answers."""

import tradesim

STRATEGY = tradesim.Strategy(method="lightgbm", rule=tradesim.TakeRule(edge=0.0075, cap=50))

if __name__ == "__main__":
    print(tradesim.run(STRATEGY).table)
