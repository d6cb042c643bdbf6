-- Every definition, once. Durations are differences of instants; amounts of views ending in _money are currency.

CREATE OR REPLACE VIEW decision_latency AS
SELECT run, decision, start - arrival AS wait, decided - start AS compute, decided - arrival AS latency
FROM decisions;

CREATE OR REPLACE VIEW tick_to_trade AS
SELECT o.run, o.order_id, d.event, o.venue - d.event AS tick_to_trade, o.ack - o.venue AS response
FROM orders o JOIN decisions d USING (run, desk, decision);

-- Signed lots of each contract after each fill.
CREATE OR REPLACE VIEW position_path AS
SELECT run, desk, contract, venue, fill,
       CAST(sum(quantity) OVER (PARTITION BY run, desk, contract ORDER BY venue, fill) AS BIGINT) AS position
FROM fills;

-- Exact integers: end_marked = edge + drift - fees. Edge is (fair - price) x signed quantity at the venue's instant.
CREATE OR REPLACE VIEW run_pnl AS
WITH by_fill AS (
    SELECT run,
           count(*) AS fills,
           CAST(sum((fair - price) * quantity * multiplier) AS BIGINT) AS edge,
           CAST(sum(fee) AS BIGINT) AS fees,
           CAST(sum((mark - fair) * quantity * multiplier) AS BIGINT) AS drift,
           CAST(sum(hedge) AS BIGINT) AS hedge
    FROM fills GROUP BY run
), by_position AS (
    SELECT run, CAST(sum(position * multiplier * mark) AS BIGINT) AS held FROM positions GROUP BY run
)
SELECT r.run, r.comparison, r.seed, r.method, r.role, r.compute_ns,
       coalesce(f.fills, 0) AS fills,
       coalesce(f.edge, 0) AS edge,
       coalesce(f.fees, 0) AS fees,
       coalesce(f.edge, 0) - coalesce(f.fees, 0) AS pnl,
       coalesce(f.drift, 0) AS drift,
       coalesce(f.drift, 0) - CASE WHEN f.fills IS NULL THEN 0 ELSE f.hedge END AS drift_hedged,
       r.cash + coalesce(p.held, 0) AS end_marked
FROM runs r LEFT JOIN by_fill f USING (run) LEFT JOIN by_position p USING (run);

-- The four runs of a method side by side, and what they say: exact integers that sum to the P&L error.
CREATE OR REPLACE VIEW effects AS
SELECT own.comparison, own.seed, own.method,
       own.pnl AS pnl,
       oracle.pnl AS oracle,
       own.pnl - oracle.pnl AS pnl_error,
       instant.pnl - oracle.pnl AS pricing_effect,
       exact.pnl - oracle.pnl AS latency_effect,
       own.pnl - instant.pnl - exact.pnl + oracle.pnl AS interaction,
       instant.pnl - own.pnl AS make_instant,
       exact.pnl - own.pnl AS make_exact
FROM run_pnl own
JOIN run_pnl instant ON (instant.comparison, instant.seed, instant.method, instant.role)
                      = (own.comparison, own.seed, own.method, 'instant')
JOIN run_pnl exact ON (exact.comparison, exact.seed, exact.method, exact.role)
                    = (own.comparison, own.seed, own.method, 'exact')
JOIN run_pnl oracle ON (oracle.comparison, oracle.seed, oracle.role) = (own.comparison, own.seed, 'oracle')
WHERE own.role = 'own';

-- Over seeds, in currency: mean, spread and paired t-value of each effect. t is NULL where it is not defined.
CREATE OR REPLACE VIEW effects_money AS
WITH long AS (
    UNPIVOT (SELECT comparison, seed, method, pnl, pnl_error, pricing_effect, latency_effect, interaction,
                    make_instant, make_exact FROM effects)
    ON pnl, pnl_error, pricing_effect, latency_effect, interaction, make_instant, make_exact
    INTO NAME effect VALUE money
)
SELECT comparison, method, effect, count(*) AS seeds,
       avg(money) * any_value(money_unit) AS mean,
       stddev_samp(money) * any_value(money_unit) AS spread,
       CASE WHEN count(*) > 1 AND stddev_samp(money) > 0
            THEN avg(money) / (stddev_samp(money) / sqrt(count(*))) END AS t_value
FROM long JOIN comparisons USING (comparison)
GROUP BY comparison, method, effect;

-- Latency percentiles of each method's own runs, all seeds together.
CREATE OR REPLACE VIEW method_latency AS
SELECT r.comparison, r.method, count(*) AS decisions,
       quantile_disc(l.latency, 0.5) AS latency_p50,
       quantile_disc(l.latency, 0.99) AS latency_p99,
       quantile_disc(l.latency, 0.999) AS latency_p999,
       quantile_disc(l.wait, 0.5) AS wait_p50,
       quantile_disc(l.wait, 0.99) AS wait_p99,
       quantile_disc(l.wait, 0.999) AS wait_p999,
       quantile_disc(l.compute, 0.5) AS compute_p50,
       quantile_disc(l.compute, 0.99) AS compute_p99,
       quantile_disc(l.compute, 0.999) AS compute_p999
FROM runs r JOIN decision_latency l USING (run)
WHERE r.role = 'own'
GROUP BY r.comparison, r.method;

-- Price error on the tape's own states, in currency a unit: every decision of the run in which the method is instant.
CREATE OR REPLACE VIEW method_error AS
SELECT r.comparison, r.method,
       sqrt(avg(d.error_rms * d.error_rms)) AS error_rms,
       max(d.error_max) AS error_max,
       CAST(sum(d.fallbacks) AS BIGINT) AS fallbacks
FROM runs r JOIN decisions d USING (run)
WHERE r.role = 'instant'
GROUP BY r.comparison, r.method;

-- Whether the tape can tell a method's latency from zero: a tape exact to the ns can, a coarser one if the median
-- latency is at least its resolution. What is not identified is not reported: it is NULL in the table.
CREATE OR REPLACE VIEW method_identified AS
SELECT l.comparison, l.method, c.resolution <= 1 OR l.latency_p50 >= c.resolution AS identified
FROM method_latency l JOIN comparisons c USING (comparison);

-- What a method did, summed over seeds: in its own runs, or at zero latency where its latency is not identified.
CREATE OR REPLACE VIEW method_activity AS
SELECT r.comparison, r.method,
       CAST(sum(d.decisions) AS BIGINT) AS decisions, CAST(sum(d.skipped) AS BIGINT) AS skipped,
       CAST(sum(d.orders) AS BIGINT) AS orders, CAST(sum(p.fills) AS BIGINT) AS fills,
       CAST(sum(s.short_markouts) AS BIGINT) AS short_markouts,
       avg(p.pnl) * any_value(c.money_unit) AS pnl,
       avg(p.drift) * any_value(c.money_unit) AS drift,
       avg(p.drift_hedged) * any_value(c.money_unit) AS drift_hedged,
       avg(p.end_marked) * any_value(c.money_unit) AS end_marked
FROM runs r
JOIN comparisons c USING (comparison)
JOIN method_identified i USING (comparison, method)
JOIN (SELECT run, count(*) AS decisions, sum(skipped) AS skipped, sum(orders) AS orders FROM decisions GROUP BY run) d
  USING (run)
JOIN run_pnl p USING (run)
LEFT JOIN (SELECT f.run, count(*) FILTER (f.markout < CAST(q.manifest->>'$.configuration.setting.horizon' AS BIGINT))
                  AS short_markouts
           FROM fills f JOIN runs USING (run) JOIN comparisons q USING (comparison) GROUP BY f.run) s USING (run)
WHERE r.role = CASE WHEN i.identified THEN 'own' ELSE 'instant' END
GROUP BY r.comparison, r.method;

-- Median update, and the price of a decision with a hundredth of an update: what 100 ticks an update come to.
CREATE OR REPLACE VIEW method_update AS
SELECT comparison, method,
       list_sort(measurements)[(len(measurements) + 1) // 2] AS update_p50
FROM profiles WHERE stage = 'update';

-- P&L of reference prices at fixed compute latencies, and what each loses to none, paired over seeds.
CREATE OR REPLACE VIEW latency_curve AS
SELECT c.comparison, c.compute_ns, count(*) AS seeds,
       avg(c.pnl) * any_value(q.money_unit) AS pnl,
       stddev_samp(c.pnl) / sqrt(count(*)) * any_value(q.money_unit) AS standard_error,
       avg(c.pnl - oracle.pnl) * any_value(q.money_unit) AS latency_effect,
       CASE WHEN count(*) > 1 AND stddev_samp(c.pnl - oracle.pnl) > 0
            THEN avg(c.pnl - oracle.pnl) / (stddev_samp(c.pnl - oracle.pnl) / sqrt(count(*))) END AS t_value
FROM run_pnl c
JOIN run_pnl oracle ON (oracle.comparison, oracle.seed, oracle.role) = (c.comparison, c.seed, 'oracle')
JOIN comparisons q ON q.comparison = c.comparison
WHERE c.role = 'curve'
GROUP BY c.comparison, c.compute_ns;

-- The table of `tradesim compare`: one row a method.
CREATE OR REPLACE VIEW comparison_table AS
WITH wide AS (
    PIVOT (SELECT comparison, method, effect, mean, spread, t_value, seeds FROM effects_money)
    ON effect IN ('pnl', 'pnl_error', 'pricing_effect', 'latency_effect', 'interaction', 'make_instant', 'make_exact')
    USING any_value(mean) AS mean, any_value(spread) AS spread, any_value(t_value) AS t
    GROUP BY comparison, method
)
SELECT m.comparison, m.position, m.method,
       l.latency_p50, l.latency_p99, l.latency_p999, l.wait_p50, l.wait_p99, l.wait_p999,
       l.compute_p50, l.compute_p99, l.compute_p999,
       m.footprint, m.build_seconds, m.build_evaluations, m.rss_before, m.rss_bound, m.rss_peak,
       e.error_rms, e.error_max, e.fallbacks,
       e.error_rms <= c.edge AS tradable,
       i.identified,
       u.update_p50, l.compute_p50 + u.update_p50 / 100 AS amortised_p50,
       a.decisions, a.skipped, a.orders, a.fills, a.short_markouts, a.drift, a.drift_hedged, a.end_marked,
       CASE WHEN i.identified THEN w.pnl_mean ELSE a.pnl END AS pnl_mean,
       CASE WHEN i.identified THEN w.pnl_spread END AS pnl_spread,
       CASE WHEN i.identified THEN w.pnl_t END AS pnl_t,
       w.pricing_effect_mean, w.pricing_effect_spread, w.pricing_effect_t,
       CASE WHEN i.identified THEN w.pnl_error_mean END AS pnl_error_mean,
       CASE WHEN i.identified THEN w.pnl_error_spread END AS pnl_error_spread,
       CASE WHEN i.identified THEN w.pnl_error_t END AS pnl_error_t,
       CASE WHEN i.identified THEN w.latency_effect_mean END AS latency_effect_mean,
       CASE WHEN i.identified THEN w.latency_effect_spread END AS latency_effect_spread,
       CASE WHEN i.identified THEN w.latency_effect_t END AS latency_effect_t,
       CASE WHEN i.identified THEN w.interaction_mean END AS interaction_mean,
       CASE WHEN i.identified THEN w.interaction_spread END AS interaction_spread,
       CASE WHEN i.identified THEN w.interaction_t END AS interaction_t,
       CASE WHEN i.identified THEN w.make_instant_mean END AS make_instant_mean,
       CASE WHEN i.identified THEN w.make_instant_spread END AS make_instant_spread,
       CASE WHEN i.identified THEN w.make_instant_t END AS make_instant_t,
       CASE WHEN i.identified THEN w.make_exact_mean END AS make_exact_mean,
       CASE WHEN i.identified THEN w.make_exact_spread END AS make_exact_spread,
       CASE WHEN i.identified THEN w.make_exact_t END AS make_exact_t
FROM methods m
JOIN comparisons c USING (comparison)
LEFT JOIN method_latency l USING (comparison, method)
LEFT JOIN method_identified i USING (comparison, method)
LEFT JOIN method_update u USING (comparison, method)
LEFT JOIN method_error e USING (comparison, method)
LEFT JOIN method_activity a USING (comparison, method)
LEFT JOIN wide w USING (comparison, method);

-- Percentiles of each stage of a frontier's methods.
CREATE OR REPLACE VIEW stage_latency AS
SELECT frontier, method, stage, contracts, cache, len(measurements) AS count,
       list_aggregate(measurements, 'quantile_disc', 0.5) AS p50,
       list_aggregate(measurements, 'quantile_disc', 0.99) AS p99,
       list_aggregate(measurements, 'quantile_disc', 0.999) AS p999
FROM stages;

-- Median price and update of the chain, and what a decision takes with its share of an update, at 1, 100 and 10,000
-- ticks an update. In the loop: what one contract more takes inside the compiled call, ns; NULL
-- where a long chain takes a quicker path (a memo that hits).
CREATE OR REPLACE VIEW contender_latency AS
WITH wide AS (
    SELECT s.frontier, s.method, s.cache,
           max(p50)  FILTER (stage = 'price'  AND s.contracts = f.contracts) AS price_p50,
           max(p99)  FILTER (stage = 'price'  AND s.contracts = f.contracts) AS price_p99,
           max(p999) FILTER (stage = 'price'  AND s.contracts = f.contracts) AS price_p999,
           max(p50)  FILTER (stage = 'update' AND s.contracts = f.contracts) AS update_p50,
           max(p99)  FILTER (stage = 'update' AND s.contracts = f.contracts) AS update_p99,
           max(p50)  FILTER (stage = 'price'  AND s.contracts = 1) AS one_p50,
           max(p99)  FILTER (stage = 'price'  AND s.contracts = 1) AS one_p99,
           max(p50)  FILTER (stage = 'price'  AND s.contracts = f.many) AS many_p50,
           any_value(f.contracts) AS contracts, any_value(f.many) AS many
    FROM stage_latency s JOIN frontiers f USING (frontier)
    WHERE stage <> 'bind'
    GROUP BY s.frontier, s.method, s.cache
)
SELECT *, CASE WHEN many_p50 >= price_p50 THEN (many_p50 - price_p50) / (many - contracts) END AS loop_ns,
       price_p50 + update_p50 AS amortised_1,
       price_p50 + update_p50 / 100 AS amortised_100,
       price_p50 + update_p50 / 10000 AS amortised_10000
FROM wide;

-- Lawless prices of each method: the law broken most often, as it answers and after clamping.
CREATE OR REPLACE VIEW contender_breaches AS
SELECT frontier, method,
       sum(broken) FILTER (NOT clamped) / sum(checked) FILTER (NOT clamped) AS breach_share,
       max(worst) FILTER (NOT clamped) AS breach_worst,
       arg_max(law, worst) FILTER (NOT clamped) AS breach_law,
       sum(broken) FILTER (clamped) / sum(checked) FILTER (clamped) AS clamped_share,
       max(worst) FILTER (clamped) AS clamped_worst
FROM breaches GROUP BY frontier, method;

-- The table of `tradesim frontier`: one row a method that serves the problem. On the frontier (pareto): no other is at
-- least as good in latency (at 100 ticks an update), footprint and price error (rmse), and better in one of them.
-- Break-even: prices after which building has paid, beside the program run whole.
CREATE OR REPLACE VIEW frontier_table AS
WITH priced AS (
    SELECT c.frontier, c.position, c.method, c.family, c.budget, c.says,
           l.price_p50, l.price_p99, l.price_p999, l.one_p50, l.one_p99, l.loop_ns,
           l.update_p50, l.update_p99, l.amortised_1, l.amortised_100, l.amortised_10000,
           k.price_p50 AS cold_p50, k.price_p99 AS cold_p99,
           b.p50 AS bind_p50,
           c.footprint, c.build_seconds, c.build_evaluations, c.fallbacks,
           CASE WHEN c.build_seconds > 0 AND a.amortised_100 > l.amortised_100
                THEN 1e9 * c.build_seconds / ((a.amortised_100 - l.amortised_100) / f.contracts) END AS break_even,
           p.rmse, p.p99, p.largest, e.rmse AS edge_rmse, e.largest AS edge_largest,
           d.rmse AS delta_rmse, g.rmse AS gamma_rmse, v.rmse AS vega_rmse, t.rmse AS theta_rmse,
           x.breach_share, x.breach_worst, x.breach_law, x.clamped_share, x.clamped_worst,
           c.hedge_rmse, c.hedge_largest
    FROM contenders c
    JOIN frontiers f USING (frontier)
    JOIN contender_latency l ON (l.frontier, l.method, l.cache) = (c.frontier, c.method, f.cache)
    JOIN contender_latency k ON (k.frontier, k.method, k.cache) = (c.frontier, c.method, 'cold')
    LEFT JOIN contender_latency a ON (a.frontier, a.method, a.cache) = (c.frontier, 'analytic', f.cache)
    LEFT JOIN stage_latency b ON (b.frontier, b.method, b.stage) = (c.frontier, c.method, 'bind')
    LEFT JOIN errors p ON (p.frontier, p.method, p.place, p.quantity) = (c.frontier, c.method, 'inside', 'price')
    LEFT JOIN errors e ON (e.frontier, e.method, e.place, e.quantity) = (c.frontier, c.method, 'edge', 'price')
    LEFT JOIN errors d ON (d.frontier, d.method, d.place, d.quantity) = (c.frontier, c.method, 'inside', 'delta')
    LEFT JOIN errors g ON (g.frontier, g.method, g.place, g.quantity) = (c.frontier, c.method, 'inside', 'gamma')
    LEFT JOIN errors v ON (v.frontier, v.method, v.place, v.quantity) = (c.frontier, c.method, 'inside', 'vega')
    LEFT JOIN errors t ON (t.frontier, t.method, t.place, t.quantity) = (c.frontier, c.method, 'inside', 'theta')
    LEFT JOIN contender_breaches x ON (x.frontier, x.method) = (c.frontier, c.method)
    WHERE c.refused IS NULL
)
SELECT *, NOT EXISTS (
    SELECT 1 FROM priced o
    WHERE o.frontier = p.frontier
      AND o.amortised_100 <= p.amortised_100 AND o.footprint <= p.footprint AND o.rmse <= p.rmse
      AND (o.amortised_100 < p.amortised_100 OR o.footprint < p.footprint OR o.rmse < p.rmse)
) AS pareto
FROM priced p;

-- Orders that take, of all desks in a race. An order lives from the tick that its decision answers until it arrives at
-- the venue. Its price is that of the quote on which it acts.
CREATE OR REPLACE VIEW race_orders AS
SELECT r.comparison AS race, r.seed, r.desk, o.run, o.order_id, o.decision, o.contract, o.direction,
       o.seen_price AS price,
       o.lots, o.filled, d.event, o.venue, o.tie, o.decided - d.arrival AS latency
FROM orders o JOIN runs r USING (run) JOIN decisions d USING (run, decision)
WHERE r.role = 'race' AND o.contract >= 0 AND o.outcome <> 'rejected' AND o.kind IN ('ioc', 'limit')
  AND o.seen_price > 0 AND (o.limit_price IS NULL OR o.direction * (o.limit_price - o.seen_price) >= 0);

-- Orders of different desks race where they want the same quote (contract, direction, price) and their lives meet:
-- neither could know of the other. Orders that answer one tick always do. An event is a chain of such orders; it is
-- won by the first to arrive of those that were filled, and by nobody where none was.
CREATE OR REPLACE VIEW race_events AS
WITH marked AS (
    SELECT *, event > max(venue) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
    FROM race_orders
    WINDOW earlier AS (PARTITION BY race, seed, contract, direction, price ORDER BY event, venue, desk, order_id)
), numbered AS (
    SELECT *, count(*) FILTER (begins) OVER (PARTITION BY race, seed, contract, direction, price
                                             ORDER BY event, venue, desk, order_id) AS episode
    FROM marked
)
SELECT race, seed, contract, direction, price, episode,
       count(DISTINCT desk) AS desks, count(*) AS orders, min(event) AS event, min(venue) AS first_venue,
       max(venue) - min(venue) AS gap, CAST(sum(lots) AS BIGINT) AS wanted, CAST(sum(filled) AS BIGINT) AS got,
       arg_min(desk, (venue, tie)) FILTER (filled > 0) AS winner
FROM numbered
GROUP BY race, seed, contract, direction, price, episode
HAVING count(DISTINCT desk) > 1;

-- Every two orders that race: the first to arrive (at one instant the venue's key decides) and the second. The winner
-- is the first if it was filled, else the second if that was. Gap is between their arrivals, lead between the
-- latencies of their decisions: what the first was the quicker by. Money is what the winner earned, net of fees.
CREATE OR REPLACE VIEW race_pairs AS
WITH earned AS (
    SELECT run, order_id, CAST(sum((fair - price) * quantity * multiplier - fee) AS BIGINT) AS money
    FROM fills WHERE liquidity = 'taker' GROUP BY run, order_id
), met AS (
    SELECT a.race, a.seed, a.contract, a.direction, a.price,
           a.desk AS first, b.desk AS second, a.decision AS first_decision, b.decision AS second_decision,
           b.venue - a.venue AS gap, b.latency - a.latency AS lead,
           CASE WHEN a.filled > 0 THEN a WHEN b.filled > 0 THEN b END AS w,
           CASE WHEN a.filled > 0 THEN b WHEN b.filled > 0 THEN a END AS l
    FROM race_orders a
    JOIN race_orders b ON (a.race, a.seed, a.contract, a.direction, a.price)
                        = (b.race, b.seed, b.contract, b.direction, b.price)
    WHERE a.desk <> b.desk AND a.event <= b.venue AND b.event <= a.venue
      AND (a.venue, a.tie, a.desk) < (b.venue, b.tie, b.desk)
)
SELECT m.race, m.seed, m.contract, m.direction, m.price, m.first, m.second, m.first_decision, m.second_decision,
       m.gap, m.lead,
       m.w.desk AS winner, m.l.desk AS loser, m.w.filled AS won, m.l.lots AS wanted, m.l.filled AS got,
       m.l.lots - m.l.filled AS missed, e.money
FROM met m LEFT JOIN earned e ON (e.run, e.order_id) = (m.w.run, m.w.order_id);

-- Each such pair as each of the two met it; lead is above zero where it was the quicker, won NULL where neither was.
CREATE OR REPLACE VIEW race_meetings AS
SELECT race, seed, first AS desk, second AS rival, first_decision AS decision, second_decision AS rival_decision,
       lead, winner = first AS won FROM race_pairs
UNION ALL
SELECT race, seed, second AS desk, first AS rival, second_decision AS decision, first_decision AS rival_decision,
       -lead AS lead, winner = second AS won FROM race_pairs;

-- Latencies of each desk in its races, and whether the tape can tell them from zero, as in method_identified.
CREATE OR REPLACE VIEW race_latency AS
SELECT r.comparison AS race, r.desk,
       quantile_disc(l.latency, 0.5) AS latency_p50, quantile_disc(l.latency, 0.99) AS latency_p99,
       any_value(q.resolution) <= 1 OR quantile_disc(l.latency, 0.5) >= any_value(q.resolution) AS identified
FROM runs r JOIN decision_latency l USING (run) JOIN races q ON q.race = r.comparison
WHERE r.role = 'race'
GROUP BY r.comparison, r.desk;

-- What came of each desk's meetings with each other one.
CREATE OR REPLACE VIEW race_rivals AS
SELECT m.race, m.desk, m.rival AS rival_desk, d.name, o.name AS rival, count(*) AS meetings,
       count(*) FILTER (m.won) AS won, count(*) FILTER (NOT m.won) AS lost, count(*) FILTER (m.won IS NULL) AS neither,
       CASE WHEN a.identified OR b.identified THEN avg(CAST(m.won AS INTEGER)) END AS win_rate
FROM race_meetings m
JOIN desks d ON (d.race, d.desk) = (m.race, m.desk)
JOIN desks o ON (o.race, o.desk) = (m.race, m.rival)
JOIN race_latency a ON (a.race, a.desk) = (m.race, m.desk)
JOIN race_latency b ON (b.race, b.desk) = (m.race, m.rival)
GROUP BY m.race, m.desk, m.rival, d.name, o.name, a.identified, b.identified;

-- Win rate by lead, in half decades from 1 us on (all below are one bucket). Leads that the tape cannot tell from zero
-- are left out. Orders of two decisions travel together, so their meetings are one race of the two: the standard error
-- is that of a ratio over races (Cochran, Sampling Techniques, 1977, 6.4), NULL below two of them.
CREATE OR REPLACE VIEW race_gaps AS
WITH races_of_two AS (
    SELECT m.race, m.desk, m.rival, m.lead, count(*) AS meetings, count(*) FILTER (m.won) AS won,
           CASE WHEN abs(m.lead) < 1000 THEN 0
                ELSE sign(m.lead) * (1 + floor(2 * log10(abs(m.lead) / 1000))) END AS bucket
    FROM race_meetings m JOIN races q USING (race)
    WHERE m.won IS NOT NULL AND (q.resolution <= 1 OR abs(m.lead) >= q.resolution)
    GROUP BY m.race, m.seed, m.desk, m.rival, m.decision, m.rival_decision, m.lead
), bucketed AS (
    SELECT *, sum(won) OVER (PARTITION BY race, desk, rival, bucket)
              / sum(meetings) OVER (PARTITION BY race, desk, rival, bucket) AS win_rate
    FROM races_of_two
)
SELECT b.race, b.desk, b.rival AS rival_desk, d.name, o.name AS rival,
       CAST(round(CASE WHEN bucket > 0 THEN 1000 * 10 ** ((bucket - 1) / 2) ELSE -1000 * 10 ** (-bucket / 2) END)
            AS BIGINT) AS lead_from,
       CAST(round(CASE WHEN bucket < 0 THEN -1000 * 10 ** ((-bucket - 1) / 2) ELSE 1000 * 10 ** (bucket / 2) END)
            AS BIGINT) AS lead_to,
       sum(lead * meetings) / sum(meetings) AS lead, count(*) AS races,
       CAST(sum(meetings) AS BIGINT) AS meetings, CAST(sum(won) AS BIGINT) AS won, win_rate,
       CASE WHEN count(*) > 1
            THEN sqrt(sum((won - win_rate * meetings) ** 2) * count(*) / (count(*) - 1)) / sum(meetings) END
           AS standard_error
FROM bucketed b
JOIN desks d ON (d.race, d.desk) = (b.race, b.desk)
JOIN desks o ON (o.race, o.desk) = (b.race, b.rival)
GROUP BY b.race, b.desk, b.rival, d.name, o.name, bucket, win_rate;

-- What became in the race of what each desk traded alone, and the other way round: lots of the same wake-up, contract
-- and direction are the same lots, the first with the first. Exact: alone - raced = missed + worsened - gained.
CREATE OR REPLACE VIEW race_fates AS
WITH each AS (
    SELECT r.comparison AS race, r.seed, r.desk, r.role, d.arrival, f.contract,
           CAST(sign(f.quantity) AS TINYINT) AS direction, abs(f.quantity) AS lots,
           ((f.fair - f.price) * f.quantity * f.multiplier - f.fee) // abs(f.quantity) AS a_lot,
           sum(abs(f.quantity)) OVER (PARTITION BY f.run, d.arrival, f.contract, sign(f.quantity) ORDER BY f.fill)
               - abs(f.quantity) AS before
    FROM fills f JOIN runs r USING (run) JOIN decisions d USING (run, decision)
    WHERE r.role IN ('race', 'alone')
), matched AS (
    SELECT e.*, CAST(greatest(0, least(e.lots, coalesce(t.lots, 0) - e.before)) AS BIGINT) AS kept
    FROM each e
    LEFT JOIN (SELECT race, seed, desk, role, arrival, contract, direction, sum(lots) AS lots FROM each GROUP BY ALL) t
      ON (t.race, t.seed, t.desk, t.arrival, t.contract, t.direction)
       = (e.race, e.seed, e.desk, e.arrival, e.contract, e.direction) AND t.role <> e.role
), summed AS (
    SELECT race, seed, desk, arrival, contract, direction,
           sum(lots) FILTER (role = 'alone') AS alone_lots, sum(lots) FILTER (role = 'race') AS race_lots,
           sum(kept) FILTER (role = 'alone') AS kept_lots,
           sum(lots * a_lot) FILTER (role = 'alone') AS alone, sum(lots * a_lot) FILTER (role = 'race') AS raced,
           sum((lots - kept) * a_lot) FILTER (role = 'alone') AS missed,
           sum(CASE role WHEN 'alone' THEN kept ELSE -kept END * a_lot) AS worsened,
           sum((lots - kept) * a_lot) FILTER (role = 'race') AS gained
    FROM matched GROUP BY ALL
)
SELECT race, seed, desk, arrival, contract, direction,
       CASE WHEN alone_lots IS NULL THEN 'new'
            WHEN kept_lots = 0 THEN 'missed'
            WHEN worsened > 0 THEN 'worsened'
            WHEN worsened < 0 THEN 'bettered'
            WHEN kept_lots < alone_lots THEN 'part missed'
            ELSE 'got' END AS fate,
       CAST(COLUMNS(['alone_lots', 'race_lots', 'kept_lots', 'alone', 'raced', 'missed', 'worsened', 'gained']) AS BIGINT)
FROM summed;

-- What each desk made alone and in the race, and what the race cost it: exact integers, and
-- cost = missed + worsened - gained.
CREATE OR REPLACE VIEW race_costs AS
WITH pnls AS (
    SELECT r.comparison AS race, r.seed, r.desk,
           any_value(p.pnl) FILTER (r.role = 'alone') AS alone, any_value(p.pnl) FILTER (r.role = 'race') AS raced
    FROM runs r JOIN run_pnl p USING (run)
    WHERE r.role IN ('race', 'alone')
    GROUP BY r.comparison, r.seed, r.desk
), fates AS (
    SELECT race, seed, desk, sum(missed) AS missed, sum(worsened) AS worsened, sum(gained) AS gained
    FROM race_fates GROUP BY race, seed, desk
)
SELECT race, seed, desk, alone, raced, alone - raced AS cost,
       CAST(coalesce(missed, 0) AS BIGINT) AS missed, CAST(coalesce(worsened, 0) AS BIGINT) AS worsened,
       CAST(coalesce(gained, 0) AS BIGINT) AS gained
FROM pnls LEFT JOIN fates USING (race, seed, desk);

-- Trades between desks: who stood, who took, and what each earned on it, money net of fees. Trades of one contract,
-- instant, price and size are paired in turn. Late by: ns by which the maker's withdrawal of the order (a cancel or a
-- replace whose life, as in race_orders, had begun) came after the trade; NULL without one.
CREATE OR REPLACE VIEW race_trades AS
WITH each AS (
    SELECT r.comparison AS race, r.seed, f.run, f.order_id, r.desk, f.contract, f.venue, f.price, f.quantity,
           f.liquidity, (f.fair - f.price) * f.quantity * f.multiplier - f.fee AS money,
           row_number() OVER (PARTITION BY r.comparison, r.seed, f.contract, f.venue, f.price, f.quantity, f.liquidity
                              ORDER BY r.desk, f.fill) AS turn
    FROM fills f JOIN runs r USING (run)
    WHERE r.role = 'race'
), withdrawals AS (
    SELECT o.run, o.target AS order_id, min(d.event) AS event, min(o.venue) AS venue
    FROM orders o JOIN decisions d USING (run, decision)
    WHERE o.kind IN ('cancel', 'replace') AND o.outcome = 'late' GROUP BY o.run, o.target
)
SELECT m.race, m.seed, m.contract, m.venue, m.price, t.quantity, m.desk AS maker, t.desk AS taker,
       m.money AS maker_money, t.money AS taker_money,
       CASE WHEN w.event <= m.venue THEN w.venue - m.venue END AS late_by
FROM each m
JOIN each t ON (t.race, t.seed, t.contract, t.venue, t.price, t.quantity, t.turn)
             = (m.race, m.seed, m.contract, m.venue, m.price, -m.quantity, m.turn)
LEFT JOIN withdrawals w ON (w.run, w.order_id) = (m.run, m.order_id)
WHERE m.liquidity = 'maker' AND t.liquidity = 'taker' AND m.desk <> t.desk;

-- The table of `tradesim race`: one row a desk; money in currency a seed. What the tape cannot identify is NULL.
CREATE OR REPLACE VIEW race_table AS
WITH money AS (
    SELECT c.race, c.desk, count(*) AS seeds,
           avg(c.alone) * any_value(q.money_unit) AS alone, avg(c.raced) * any_value(q.money_unit) AS raced,
           avg(c.cost) * any_value(q.money_unit) AS cost, stddev_samp(c.cost) * any_value(q.money_unit) AS cost_spread,
           CASE WHEN count(*) > 1 AND stddev_samp(c.cost) > 0
                THEN avg(c.cost) / (stddev_samp(c.cost) / sqrt(count(*))) END AS cost_t,
           avg(c.missed) * any_value(q.money_unit) AS missed, avg(c.worsened) * any_value(q.money_unit) AS worsened,
           avg(c.gained) * any_value(q.money_unit) AS gained
    FROM race_costs c JOIN races q USING (race) GROUP BY c.race, c.desk
), met AS (
    SELECT race, desk, count(*) AS meetings, count(*) FILTER (won) AS won, count(*) FILTER (NOT won) AS lost,
           count(*) FILTER (won IS NULL) AS neither, avg(CAST(won AS INTEGER)) AS win_rate
    FROM race_meetings GROUP BY race, desk
), activity AS (
    SELECT r.comparison AS race, r.desk, count(*) AS orders, count(*) FILTER (o.filled > 0) AS filled
    FROM orders o JOIN runs r USING (run) WHERE r.role = 'race' GROUP BY ALL
), picked AS (
    SELECT t.race, t.maker AS desk, count(*) AS made, sum(t.maker_money) * any_value(q.money_unit)
               / (SELECT count(DISTINCT seed) FROM runs WHERE comparison = t.race) AS made_money
    FROM race_trades t JOIN races q USING (race) GROUP BY t.race, t.maker
)
SELECT d.race, d.desk, d.name, d.method, d.latency AS stated, l.latency_p50, l.latency_p99, l.identified,
       coalesce(a.orders, 0) AS orders, coalesce(a.filled, 0) AS filled,
       coalesce(m.meetings, 0) AS meetings, coalesce(m.won, 0) AS won, coalesce(m.lost, 0) AS lost,
       coalesce(m.neither, 0) AS neither, CASE WHEN l.identified THEN m.win_rate END AS win_rate,
       c.seeds, c.alone,
       CASE WHEN l.identified THEN c.raced END AS raced,
       CASE WHEN l.identified THEN c.cost END AS cost,
       CASE WHEN l.identified THEN c.cost_spread END AS cost_spread,
       CASE WHEN l.identified THEN c.cost_t END AS cost_t,
       CASE WHEN l.identified THEN c.missed END AS missed,
       CASE WHEN l.identified THEN c.worsened END AS worsened,
       CASE WHEN l.identified THEN c.gained END AS gained,
       coalesce(p.made, 0) AS made, CASE WHEN l.identified THEN coalesce(p.made_money, 0) END AS made_money
FROM desks d
LEFT JOIN race_latency l USING (race, desk)
LEFT JOIN money c USING (race, desk)
LEFT JOIN met m USING (race, desk)
LEFT JOIN activity a USING (race, desk)
LEFT JOIN picked p USING (race, desk);
