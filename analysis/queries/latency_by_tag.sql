/* Decision latency by the path that the pricing took (its work tag), in microseconds, latest comparison.
   A method that is quick on its usual path and slow on another shows here: look for a tag with few decisions and a
   large p99. Wait is the time for which the CPU was still busy with the decision before. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT r.method, d.tag,
       count(*) AS decisions,
       quantile_disc(l.latency, 0.5) / 1e3 AS latency_p50_us,
       quantile_disc(l.latency, 0.99) / 1e3 AS latency_p99_us,
       quantile_disc(l.latency, 0.999) / 1e3 AS latency_p999_us,
       quantile_disc(l.wait, 0.99) / 1e3 AS wait_p99_us,
       CAST(sum(d.fallbacks) AS BIGINT) AS fallbacks
FROM latest JOIN runs r USING (comparison)
JOIN decisions d USING (run)
JOIN decision_latency l USING (run, decision)
WHERE r.role IN ('own', 'single')
GROUP BY r.method, d.tag
ORDER BY latency_p50_us;
