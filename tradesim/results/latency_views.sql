-- What was measured of latencies (`profiles`), and whether it can be trusted.

CREATE OR REPLACE VIEW readings AS
SELECT comparison, method, timing, stage, tag, block, unnest(measurements) AS ns FROM profiles;

-- Percentiles of each stage, all paths and blocks together.
CREATE OR REPLACE VIEW profile_latency AS
SELECT comparison, method, timing, stage, count(*) AS readings,
       quantile_disc(ns, 0.5) AS p50, quantile_disc(ns, 0.99) AS p99, max(ns) AS longest
FROM readings GROUP BY comparison, method, timing, stage;

-- Medians side by side: each stage as decisions happen, and the pricing between its two bounds.
CREATE OR REPLACE VIEW method_stages AS
SELECT comparison, method,
       any_value(p50) FILTER (timing = 'live' AND stage = 'feed') AS feed_p50,
       any_value(p50) FILTER (timing = 'live' AND stage = 'price') AS price_p50,
       any_value(p50) FILTER (timing = 'live' AND stage = 'decide') AS decide_p50,
       any_value(p50) FILTER (timing = 'live' AND stage = 'send') AS send_p50,
       any_value(p50) FILTER (timing = 'live' AND stage = 'update') AS update_p50,
       any_value(p50) FILTER (timing = 'hot' AND stage = 'price') AS price_hot_p50,
       any_value(p50) FILTER (timing = 'cold' AND stage = 'price') AS price_cold_p50
FROM profile_latency GROUP BY comparison, method;

-- Pairs of methods whose order by median pricing is another in a loop, or after a flush, than as decisions happen: each
-- time the faster one is so by at least a tenth.
CREATE OR REPLACE VIEW timing_disagreements AS
WITH pricing AS (
    SELECT l.comparison, l.method, b.timing, l.p50 AS live, b.p50 AS bound
    FROM profile_latency l JOIN profile_latency b USING (comparison, method, stage)
    WHERE l.stage = 'price' AND l.timing = 'live' AND b.timing <> 'live'
)
SELECT comparison, timing, m.method AS faster_live, r.method AS faster_bound,
       m.live, r.live AS live_rival, m.bound, r.bound AS bound_rival
FROM pricing m JOIN pricing r USING (comparison, timing)
WHERE 1.1 * m.live < r.live AND 1.1 * r.bound < m.bound;

-- Whether the blocks agree: the median pricing of a tenth of them is below `low`, of another above `high`.
CREATE OR REPLACE VIEW method_blocks AS
WITH medians AS (
    SELECT comparison, method, block, quantile_disc(ns, 0.5) AS median
    FROM readings WHERE timing = 'live' AND stage = 'price' GROUP BY comparison, method, block
)
SELECT comparison, method, count(*) AS blocks, quantile_disc(median, 0.1) AS low, quantile_disc(median, 0.9) AS high
FROM medians GROUP BY comparison, method;
