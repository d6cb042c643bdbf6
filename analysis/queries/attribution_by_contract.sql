/* What each contract contributed to the P&L of each method, latest comparison, in currency a seed: spread earned in its three
   parts, fees, and the second after the fill. A maker is picked off in the contracts that move most with the spot. */
WITH latest AS (SELECT comparison, money_unit FROM comparisons ORDER BY created DESC LIMIT 1),
seeds AS (SELECT count(DISTINCT seed) AS seeds FROM runs JOIN latest USING (comparison))
SELECT r.method, c.name AS contract, p.liquidity, count(*) AS fills, CAST(sum(abs(p.units)) AS BIGINT) AS units,
       sum(p.quoted_spread) * any_value(money_unit) / any_value(seeds) AS quoted_spread,
       sum(p.mispricing) * any_value(money_unit) / any_value(seeds) AS mispricing,
       sum(p.staleness) * any_value(money_unit) / any_value(seeds) AS staleness,
       sum(p.taker_fees + p.maker_fees) * any_value(money_unit) / any_value(seeds) AS fees,
       sum(m.adverse_selection) * any_value(money_unit) / any_value(seeds) AS adverse_selection_1s
FROM latest CROSS JOIN seeds
JOIN runs r USING (comparison)
JOIN fill_parts p USING (run)
JOIN fill_markouts m ON (m.run, m.desk, m.fill, m.horizon) = (p.run, p.desk, p.fill, 1000000000)
JOIN contracts c ON (c.tape_hash, c.contract) = (r.tape_hash, p.contract)
WHERE r.role = 'own'
GROUP BY r.method, c.name, p.liquidity
ORDER BY staleness;
