/* The share of decisions that miss a deadline, by method and deadline, latest comparison.
   A decision is late when its latency, wait and compute together, is above the deadline. `ladder` is the method that
   is told a deadline beforehand (20 us, or the one in its name) and chooses how to price by it. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1),
deadlines AS (SELECT unnest([1, 5, 20, 100, 1000]) AS deadline_us)
SELECT r.method, deadline_us,
       count(*) AS decisions,
       count(*) FILTER (l.latency > 1000 * deadline_us) AS late,
       count(*) FILTER (l.latency > 1000 * deadline_us) / count(*) AS share_late
FROM latest JOIN runs r USING (comparison)
JOIN decisions d USING (run)
JOIN decision_latency l USING (run, decision)
CROSS JOIN deadlines
WHERE r.role IN ('own', 'single')
GROUP BY r.method, deadline_us
ORDER BY r.method, deadline_us;
