/* The fills that lost most by their own edge, latest comparison: each with what the desk believed and what was so.
   theo off reference: the price was wrong. theo near reference, and fair moved between the decision and the fill: the
   order was late. */
WITH latest AS (SELECT comparison, money_unit FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT r.method, r.seed, c.name AS contract, f.quantity,
       f.price / 1e6 AS price,
       f.fair / 1e6 AS fair,
       o.theo, o.theo - o.reference AS price_error,
       (o.venue - o.decided) / 1e3 AS entry_us,
       l.latency / 1e3 AS decision_us,
       ((f.fair - f.price) * f.quantity * f.multiplier - f.fee) * money_unit AS pnl
FROM latest JOIN runs r USING (comparison)
JOIN fills f USING (run)
JOIN orders o USING (run, order_id)
JOIN decision_latency l ON (l.run, l.decision) = (f.run, f.decision)
JOIN contracts c ON (c.tape_hash, c.contract) = (r.tape_hash, f.contract)
WHERE r.role IN ('own', 'single')
ORDER BY pnl
LIMIT 20;
