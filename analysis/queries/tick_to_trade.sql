/* From the quote at the venue to the order's arrival there, in microseconds, latest comparison: feed, wait, compute and
   order entry together. What a method's compute latency is worth shows only against the rest of this sum. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT r.method,
       count(*) AS orders,
       quantile_disc(t.tick_to_trade, 0.5) / 1e3 AS tick_to_trade_p50_us,
       quantile_disc(t.tick_to_trade, 0.99) / 1e3 AS tick_to_trade_p99_us,
       quantile_disc(l.compute, 0.5) / 1e3 AS compute_p50_us,
       median(l.compute / t.tick_to_trade) AS share_of_compute,
       quantile_disc(t.response, 0.5) / 1e3 AS response_p50_us
FROM latest JOIN runs r USING (comparison)
JOIN orders o USING (run)
JOIN tick_to_trade t USING (run, order_id)
JOIN decision_latency l USING (run, decision)
WHERE r.role IN ('own', 'single')
GROUP BY r.method
ORDER BY tick_to_trade_p50_us;
