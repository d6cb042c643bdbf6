/* How many orders come too late, by compute latency, reference prices throughout, latest comparison.
   An order is missed when the quote that it acted on is gone at its arrival. The P&L curve falls because this share rises. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT r.compute_ns / 1e3 AS compute_us,
       count(*) AS orders,
       count(*) FILTER (o.outcome = 'filled') AS filled,
       count(*) FILTER (o.outcome = 'partial') AS partial,
       count(*) FILTER (o.outcome = 'missed') AS missed,
       count(*) FILTER (o.outcome = 'missed') / count(*) AS share_missed
FROM latest JOIN runs r USING (comparison)
JOIN orders o USING (run)
WHERE r.role = 'curve'
GROUP BY r.compute_ns
ORDER BY r.compute_ns;
