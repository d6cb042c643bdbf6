/* The P&L error of each method and seed, split exactly, in currency, latest comparison.
   Levels differ much from seed to seed; differences within a seed are paired, which is why few seeds can tell methods
   apart that the means alone could not. */
WITH latest AS (SELECT comparison, money_unit FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT e.method, e.seed,
       e.pnl * money_unit AS pnl,
       e.oracle * money_unit AS oracle,
       e.pnl_error * money_unit AS pnl_error,
       e.pricing_effect * money_unit AS pricing_effect,
       e.latency_effect * money_unit AS latency_effect,
       e.interaction * money_unit AS interaction
FROM latest JOIN effects e USING (comparison)
ORDER BY e.method, e.seed;
