/* Which part of the P&L loses to wrong prices, and which to late decisions: the effects of each method, part by part, latest
   comparison, in currency a seed, at the horizon of a second. They sum to the effects on the P&L marked at the end. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT method, part,
       sum(mean) FILTER (effect = 'pricing_effect') AS pricing_effect,
       sum(mean) FILTER (effect = 'latency_effect') AS latency_effect,
       sum(p_holm) FILTER (effect = 'latency_effect') AS latency_p,
       sum(mean) FILTER (effect = 'interaction') AS interaction,
       sum(mean) FILTER (effect = 'pnl_error') AS pnl_error
FROM latest JOIN attribution_effects_money USING (comparison)
WHERE horizon IS NULL OR horizon = 1000000000
GROUP BY method, part
ORDER BY method, pnl_error;
