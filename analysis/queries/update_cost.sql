/* What each method takes to price and to update, in microseconds, and the two amortised, latest comparison.
   Amortised: price, plus update shared among the decisions that used one state of the slow inputs on this tape. A slice
   prices fast because its heavy part is in update; this says what that is worth when slow inputs move more often. */
WITH latest AS (SELECT comparison FROM comparisons ORDER BY created DESC LIMIT 1),
stage_median AS (
    SELECT method, stage, tag, timing, median(ns) / 1e3 AS us
    FROM latest JOIN readings USING (comparison) GROUP BY ALL
),
per_state AS (
    SELECT r.method, count(*) / count(DISTINCT (d.run, d.state)) AS decisions
    FROM latest JOIN runs r USING (comparison) JOIN decisions d USING (run)
    WHERE r.role IN ('own', 'single')
    GROUP BY r.method
)
SELECT price.method, price.tag, price.timing,
       price.us AS price_us,
       updating.us AS update_us,
       per_state.decisions AS decisions_a_state,
       price.us + updating.us / per_state.decisions AS amortised_us
FROM stage_median price
JOIN stage_median updating ON (updating.method, updating.stage) = (price.method, 'update')
LEFT JOIN per_state ON per_state.method = price.method
WHERE price.stage = 'price'
ORDER BY price_us;
