/* Who earns more than whom, each at its own latency, in currency a seed, latest comparison; surely: the 95 % interval of
   the paired difference has no zero in it (five seeds at least; unknown below). */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1)
SELECT method, rival, mean AS earns_more, low, high, p_value, p_holm, low > 0 AS surely
FROM latest JOIN method_difference USING (comparison)
WHERE mean > 0
ORDER BY mean DESC;
