-- Every definition, once. Durations are differences of instants; amounts of views ending in _money are currency.

-- ``age`` is how old the newest row that a decision had seen was when it was made; ``backlog`` how many ticks waited on.
-- Feed, price and decide are its stages, pauses within them; ``send`` is what each of its messages took, NULL without any.

CREATE OR REPLACE VIEW decision_latency AS
SELECT d.run, d.desk, d.decision, d.start - d.arrival AS wait, d.decided - d.start AS compute,
       d.decided - d.arrival AS latency, d.decided - d.newest AS age, d.backlog,
       d.fed - d.start AS feed, d.priced - d.fed AS price, d.decided - d.priced AS decide,
       (s.sent - d.decided) / s.messages AS send
FROM decisions d LEFT JOIN (
    SELECT run, desk, decision, max(decided) AS sent, count(*) AS messages FROM orders GROUP BY run, desk, decision
) s USING (run, desk, decision);

CREATE OR REPLACE VIEW tick_to_trade AS
SELECT o.run, o.order_id, d.event, o.venue - d.event AS tick_to_trade, o.ack - o.venue AS response
FROM orders o JOIN decisions d USING (run, desk, decision);

-- Signed lots of each contract after each fill.
CREATE OR REPLACE VIEW position_path AS
SELECT run, desk, contract, venue, fill,
       CAST(sum(quantity) OVER (PARTITION BY run, desk, contract ORDER BY venue, fill) AS BIGINT) AS position
FROM fills;

-- Exact integers: end_marked = edge + drift + unvalued - fees. Edge is (fair - price) x signed quantity at the venue's
-- instant. What fills brought whose fair value is not identified is unvalued, and not in the P&L, nor are their fees; the
-- P&L is NULL where no fill has a fair value.
CREATE OR REPLACE VIEW run_pnl AS
WITH by_fill AS (
    SELECT run,
           count(*) AS fills,
           count(*) FILTER (fair IS NULL) AS unvalued_fills,
           CAST(sum((fair - price) * quantity * multiplier) AS BIGINT) AS edge,
           CAST(sum(fee) AS BIGINT) AS fees,
           CAST(sum((fair - price) * quantity * multiplier - fee) AS BIGINT) AS pnl,
           CAST(sum((mark - fair) * quantity * multiplier) AS BIGINT) AS drift,
           CAST(sum((mark - price) * quantity * multiplier) FILTER (fair IS NULL) AS BIGINT) AS unvalued,
           CAST(sum(hedge) AS BIGINT) AS hedge
    FROM fills GROUP BY run
), by_position AS (
    SELECT run, CAST(sum(position * multiplier * mark) AS BIGINT) AS held FROM positions GROUP BY run
)
SELECT r.run, r.comparison, r.tape_hash, r.seed, r.method, r.role, r.compute_ns,
       coalesce(f.fills, 0) AS fills,
       coalesce(f.edge, 0) AS edge,
       coalesce(f.fees, 0) AS fees,
       CASE WHEN f.fills IS NULL THEN 0 ELSE f.pnl END AS pnl,
       coalesce(f.drift, 0) AS drift,
       coalesce(f.drift, 0) - CASE WHEN f.fills IS NULL THEN 0 ELSE f.hedge END AS drift_hedged,
       coalesce(f.unvalued_fills, 0) AS unvalued_fills,
       coalesce(f.unvalued, 0) AS unvalued,
       r.cash + coalesce(p.held, 0) AS end_marked
FROM runs r LEFT JOIN by_fill f USING (run) LEFT JOIN by_position p USING (run);

-- The four runs of a method side by side, and what they say: exact integers that sum to the P&L error. A replicate is
-- a tape under a seed: the runs that are held against each other share both.
CREATE OR REPLACE VIEW effects AS
SELECT own.comparison, own.tape_hash, own.seed, own.method,
       own.pnl AS pnl,
       oracle.pnl AS oracle,
       coalesce(truth.pnl, oracle.pnl) AS best,
       own.pnl - coalesce(truth.pnl, oracle.pnl) AS pnl_error,
       oracle.pnl - truth.pnl AS slow_inputs,
       instant.pnl - oracle.pnl AS pricing_effect,
       exact.pnl - oracle.pnl AS latency_effect,
       own.pnl - instant.pnl - exact.pnl + oracle.pnl AS interaction,
       instant.pnl - own.pnl AS make_instant,
       exact.pnl - own.pnl AS make_exact
FROM run_pnl own
JOIN run_pnl instant ON (instant.comparison, instant.tape_hash, instant.seed, instant.method, instant.role)
                      = (own.comparison, own.tape_hash, own.seed, own.method, 'instant')
JOIN run_pnl exact ON (exact.comparison, exact.tape_hash, exact.seed, exact.method, exact.role)
                    = (own.comparison, own.tape_hash, own.seed, own.method, 'exact')
JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                     = (own.comparison, own.tape_hash, own.seed, 'oracle')
LEFT JOIN run_pnl truth ON (truth.comparison, truth.tape_hash, truth.seed, truth.role)
                         = (own.comparison, own.tape_hash, own.seed, 'truth')
WHERE own.role = 'own';

-- What each tick brought a run in each contract and direction: lots and money of the fills that it caused, at fair, net of fees.
CREATE OR REPLACE VIEW caught AS
SELECT f.run, d.event, f.contract, sign(f.quantity) AS direction,
       CAST(sum(abs(f.quantity)) AS BIGINT) AS lots,
       CAST(sum((f.fair - f.price) * f.quantity * f.multiplier - f.fee) AS BIGINT) AS money,
       min(f.venue) AS venue
FROM fills f JOIN decisions d USING (run, desk, decision)
GROUP BY f.run, d.event, f.contract, sign(f.quantity);

-- Where a method's latency cost what it cost: its prices are the reference's in both runs, its thought takes no time in one.
-- The changes of a method and seed sum to its latency effect, exactly.
CREATE OR REPLACE VIEW latency_fills AS
WITH instant AS (
    SELECT own.comparison, own.seed, own.method, c.* EXCLUDE (run)
    FROM runs own JOIN runs o ON (o.comparison, o.seed, o.role) = (own.comparison, own.seed, 'oracle')
    JOIN caught c ON c.run = o.run
    WHERE own.role = 'exact'
), late AS (
    SELECT r.comparison, r.seed, r.method, c.* EXCLUDE (run)
    FROM runs r JOIN caught c USING (run) WHERE r.role = 'exact'
)
SELECT comparison, seed, method, event, contract, direction,
       i.lots AS lots_instant, l.lots AS lots_late, i.venue AS venue_instant, l.venue AS venue_late,
       coalesce(l.money, 0) - coalesce(i.money, 0) AS change,
       CASE WHEN l.money IS NULL THEN 'missed' WHEN i.money IS NULL THEN 'later'
            WHEN l.money < i.money THEN 'worsened' WHEN l.money > i.money THEN 'bettered' ELSE 'same' END AS what
FROM instant i FULL JOIN late l USING (comparison, seed, method, event, contract, direction);

CREATE OR REPLACE VIEW effects_long AS
SELECT comparison, tape_hash, seed, {'method': method, 'effect': effect} AS key, money FROM (
    UNPIVOT effects
    ON pnl, pnl_error, slow_inputs, pricing_effect, latency_effect, interaction, make_instant, make_exact
    INTO NAME effect VALUE money
);

-- Which replicate of its comparison (or race) a seed on its tape is. Seeds whose latencies are drawn from the same
-- blocks of measurements are one cluster, and count once, by their mean: an interval contains what differs between seeds
-- and what differs between blocks.
CREATE OR REPLACE VIEW replicates AS
SELECT comparison, tape_hash, seed,
       dense_rank() OVER (PARTITION BY comparison ORDER BY blocks, CASE WHEN blocks IS NULL THEN seed END,
                                                           CASE WHEN blocks IS NULL THEN tape_hash END) AS replicate
FROM (SELECT DISTINCT comparison, tape_hash, seed, blocks FROM runs);

CREATE OR REPLACE VIEW money_units AS
SELECT comparison, money_unit FROM comparisons UNION ALL SELECT race, money_unit FROM races;

-- The quantile of Student's t with `freedom` degrees of freedom at 97.5 %: Cornish and Fisher's expansion (Abramowitz
-- and Stegun, 26.7.5), good to 3e-4 from 4 degrees on.
CREATE OR REPLACE MACRO student_quantile(freedom) AS
    1.959964 + 2.372271 / freedom + 2.822499 / freedom ** 2 + 2.555850 / freedom ** 3 + 1.589528 / freedom ** 4;

-- The integral of a power of the cosine, by Simpson's rule.
CREATE OR REPLACE MACRO cosine_integral(low, high, power) AS
    (high - low) / 600 * list_sum(list_transform(range(201), lambda step:
        CASE WHEN step IN (0, 200) THEN 1 WHEN step % 2 = 1 THEN 4 ELSE 2 END
        * cos(low + step * (high - low) / 200) ** power));

-- The two-sided p-value of Student's t: with t = sqrt(freedom) tan(angle) the density is a power of the cosine, which
-- is integrated to where it has fallen by exp(-20). Good to 1e-6 of itself from 1 to 10,000 degrees of freedom.
CREATE OR REPLACE MACRO student_p(t, freedom) AS
    CASE WHEN t IS NOT NULL THEN
        least(1, 2 * exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(pi())
                 * cosine_integral(atan(abs(t) / sqrt(freedom)),
                                   acos(cos(atan(abs(t) / sqrt(freedom))) * exp(-20 / freedom)), freedom - 1)) END;

-- `p`, one of the list `all_p`, corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979).
CREATE OR REPLACE MACRO holm(p, all_p) AS
    CASE WHEN p IS NOT NULL THEN
        least(1, list_max(list_transform(list_filter(all_p, lambda q: q <= p),
                                         lambda q: q * len(list_filter(all_p, lambda r: r >= q))))) END;

-- Of `source`, a view of money by comparison, tape, seed and key: moments of each key over replicates, in currency; the
-- paired t-value, NULL where it is not defined; a two-sided p-value; and a 95 % interval of the mean, which holds zero
-- where p is above 0.05: p is Student's, of a t that is shrunk by what the interval is lengthened towards zero. No
-- p-value and no interval below 5 replicates. Where all replicates differ by the same amount, that amount is the
-- interval: nothing is known of rarer ones.
--
-- The interval is Student's, longer by 1 + 1/k, and on the side of the longer tail once more by
-- 1 + 1.5 |skewness| / sqrt(k), of the k replicates that differ at all. Student's alone is too short on that side, for
-- the largest differences are rarely in a sample; its error is of the order skewness / sqrt(n) (Johnson, JASA 73, 1978,
-- 536; Hall, JRSS B 54, 1992, 221). The constants were found by simulation. How often, in 100, the interval of 8
-- replicates (of 40) has the mean in it, and how often Student's own:
--     normal (1.3 times as long as Student's)            97.8 (96.1)    95.1 (94.8)
--     P&L lost to 3 us of latency, generated markets     95.1 (96.2)    89.6 (93.0)
--     the same, markets of 30 s: 69 % differ by nothing  93.6 (98.0)    79.1 (87.6)
--     latency effect of a table, generated markets       95.7 (95.3)    92.2 (93.3)
--     exponential                                        95.4 (97.1)    89.6 (93.4)
--     exponential, 50 % zero                             96.8 (98.4)    84.0 (91.4)
--     exponential, 70 % zero (6 % of the samples all)    91.2 (99.0)    75.5 (89.4)
--     lognormal of deviation 0.75                        94.3 (96.4)    88.3 (92.0)
--     lognormal of deviation 1                           91.6 (95.6)    83.2 (89.4)
--     lognormal of deviation 1, 50 % zero                96.0 (97.0)    80.3 (88.3)
-- A percentile bootstrap, lengthened until it is right on normal differences, does on all of them as Student's does.
CREATE OR REPLACE MACRO paired_moments(source) AS TABLE
WITH clusters AS (
    SELECT comparison, key, replicate, count(*) AS seeds, avg(money) AS money
    FROM query_table(source) JOIN replicates USING (comparison, tape_hash, seed)
    GROUP BY comparison, key, replicate
), samples AS (
    SELECT comparison, key, CAST(sum(seeds) AS BIGINT) AS seeds, count(*) AS n, list(money ORDER BY replicate) AS sample
    FROM clusters GROUP BY comparison, key
), moments AS (
    SELECT *, list_avg(sample) AS middle, list_stddev_samp(sample) AS deviation,
           list_sum(list_transform(sample, lambda money: (money - list_avg(sample)) ** 3)) AS cubes,
           greatest(1, len(list_filter(sample, lambda money: money <> 0))) AS k
    FROM samples
), shaped AS (
    SELECT *, CASE WHEN deviation > 0 THEN n / ((n - 1) * (n - 2)) * cubes / deviation ** 3 ELSE 0 END AS skewness,
           (1 + 1 / k) * (1 + 1.5 * greatest(-skewness, 0) / sqrt(k)) AS below,
           (1 + 1 / k) * (1 + 1.5 * greatest(skewness, 0) / sqrt(k)) AS above,
           CASE WHEN n >= 5 THEN student_quantile(n - 1) * deviation / sqrt(n) END AS reach
    FROM moments
)
SELECT comparison, key, seeds, n AS replicates, middle * money_unit AS mean,
       deviation * money_unit AS standard_deviation,
       CASE WHEN deviation > 0 THEN middle / (deviation / sqrt(n)) END AS t_value,
       CASE WHEN n >= 5 THEN student_p(t_value / CASE WHEN middle > 0 THEN below ELSE above END, n - 1) END AS p_value,
       (middle - reach * below) * money_unit AS low,
       (middle + reach * above) * money_unit AS high
FROM shaped JOIN money_units USING (comparison);

-- Over seeds, in currency: each effect with its moments and interval. p_holm is corrected for the number of methods.
CREATE OR REPLACE VIEW effects_money AS
SELECT comparison, key.method, key.effect, * EXCLUDE (comparison, key),
       holm(p_value, list(p_value) OVER (PARTITION BY comparison, key.effect)) AS p_holm
FROM paired_moments(effects_long);

-- Latency percentiles of each method's own runs, all seeds together. `to_wire_p50` is what an order waited for, from the
-- start of its decision until its message left: several messages leave one after the other.
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
       quantile_disc(l.compute, 0.999) AS compute_p999,
       quantile_disc(l.feed, 0.5) AS feed_p50,
       quantile_disc(l.price, 0.5) AS price_p50,
       quantile_disc(l.decide, 0.5) AS decide_p50,
       quantile_disc(l.send, 0.5) AS send_p50,
       coalesce(any_value(w.to_wire_p50), quantile_disc(l.compute, 0.5)) AS to_wire_p50
FROM runs r JOIN decision_latency l USING (run)
LEFT JOIN (
    SELECT r.comparison, r.method, quantile_disc(o.decided - d.start, 0.5) AS to_wire_p50
    FROM orders o JOIN decisions d USING (run, desk, decision) JOIN runs r USING (run)
    WHERE r.role = 'own' GROUP BY r.comparison, r.method
) w ON (w.comparison, w.method) = (r.comparison, r.method)
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

-- What each method earned more than each other one, each at its own latency, over seeds, in currency; no row where the
-- tape cannot tell one of the two latencies from zero. p_holm is corrected for the number of pairs.
CREATE OR REPLACE VIEW differences_long AS
SELECT comparison, tape_hash, seed, {'method': m.method, 'rival': r.method} AS key, m.pnl - r.pnl AS money
FROM run_pnl m JOIN run_pnl r USING (comparison, tape_hash, seed, role)
WHERE role = 'own' AND m.method <> r.method;

CREATE OR REPLACE VIEW method_difference AS
SELECT m.comparison, (m.key).method AS method, (m.key).rival AS rival, m.* EXCLUDE (comparison, key),
       holm(p_value, list(p_value) FILTER ((m.key).method < (m.key).rival) OVER (PARTITION BY m.comparison)) AS p_holm
FROM paired_moments(differences_long) m
JOIN method_identified i ON (i.comparison, i.method) = (m.comparison, (m.key).method)
JOIN method_identified j ON (j.comparison, j.method) = (m.comparison, (m.key).rival)
WHERE i.identified AND j.identified;

-- What each method, at each fixed compute latency that it was replayed at, earned more than each other one at its own.
CREATE OR REPLACE VIEW fixed_differences_long AS
SELECT m.comparison, m.tape_hash, m.seed,
       {'method': m.method, 'rival': r.method, 'compute_ns': m.compute_ns} AS key, m.pnl - r.pnl AS money
FROM run_pnl m JOIN run_pnl r ON (r.comparison, r.tape_hash, r.seed, r.role)
                               = (m.comparison, m.tape_hash, m.seed, 'own')
WHERE m.role = 'fixed';

CREATE OR REPLACE VIEW fixed_difference AS
SELECT comparison, key.method, key.rival, key.compute_ns, * EXCLUDE (comparison, key)
FROM paired_moments(fixed_differences_long);

-- What a method did, summed over seeds: in its own runs, or at zero latency where its latency is not identified. A
-- decision is paying if what was filled of its orders has edge above its fees.
CREATE OR REPLACE VIEW method_activity AS
SELECT r.comparison, r.method,
       CAST(sum(d.decisions) AS BIGINT) AS decisions, CAST(sum(d.skipped) AS BIGINT) AS skipped,
       CAST(sum(d.orders) AS BIGINT) AS orders, CAST(sum(p.fills) AS BIGINT) AS fills,
       CAST(coalesce(sum(w.paying), 0) AS BIGINT) AS paying,
       CAST(sum(s.short_markouts) AS BIGINT) AS short_markouts,
       CAST(sum(p.unvalued_fills) AS BIGINT) AS unvalued_fills, avg(p.unvalued) * any_value(c.money_unit) AS unvalued,
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
LEFT JOIN (SELECT run, count(*) AS paying
           FROM (SELECT run, decision FROM fills GROUP BY run, decision
                 HAVING sum((fair - price) * quantity * multiplier - fee) > 0) GROUP BY run) w USING (run)
LEFT JOIN (SELECT f.run, count(*) FILTER (f.markout < CAST(q.manifest->>'$.configuration.setting.horizon' AS BIGINT))
                  AS short_markouts
           FROM fills f JOIN runs USING (run) JOIN comparisons q USING (comparison) GROUP BY f.run) s USING (run)
WHERE r.role = CASE WHEN i.identified THEN 'own' ELSE 'instant' END
GROUP BY r.comparison, r.method;

-- Median update, NULL where it is stated instead of measured, and the share of its time for which the second CPU was
-- busy with updates.
CREATE OR REPLACE VIEW method_update AS
SELECT s.comparison, s.method,
       CASE WHEN c.manifest->>'$.configuration.update' IS NULL
             AND (c.manifest->>'$.configuration.latency' = 'empirical'
                  OR c.manifest->>'$.configuration.latency.kind' IN ('Stored', 'Filed', 'Measured'))
            THEN s.update_p50 END AS update_p50,
       b.update_busy
FROM method_stages s JOIN comparisons c USING (comparison) LEFT JOIN (
    SELECT comparison, method, sum(update_busy) / sum(span) AS update_busy
    FROM runs WHERE role = 'own' GROUP BY comparison, method
) b USING (comparison, method);

-- P&L of reference prices at fixed compute latencies, and what each loses to none, paired over seeds.
CREATE OR REPLACE VIEW latency_curve_long AS
SELECT c.comparison, c.tape_hash, c.seed,
       {'compute_ns': c.compute_ns, 'what': unnest(['pnl', 'latency_effect'])} AS key,
       unnest([c.pnl, c.pnl - oracle.pnl]) AS money
FROM run_pnl c
JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                     = (c.comparison, c.tape_hash, c.seed, 'oracle')
WHERE c.role = 'curve';

CREATE OR REPLACE VIEW latency_curve AS
SELECT e.comparison, (e.key).compute_ns AS compute_ns, e.seeds, p.mean AS pnl,
       p.standard_deviation / sqrt(p.replicates) AS standard_error,
       e.mean AS latency_effect, e.t_value, e.p_value, e.low, e.high
FROM paired_moments(latency_curve_long) e
JOIN paired_moments(latency_curve_long) p ON (p.comparison, (p.key).compute_ns) = (e.comparison, (e.key).compute_ns)
WHERE (e.key).what = 'latency_effect' AND (p.key).what = 'pnl';

-- P&L of reference prices with errors of stated sizes (currency) at fixed compute
-- latencies, and what it is less than without either, paired over seeds, with its interval; in currency.
CREATE OR REPLACE VIEW iso_long AS
SELECT i.comparison, i.tape_hash, i.seed,
       {'error': coalesce(r.error, 0.0),
        'compute_ns': i.compute_ns, 'what': unnest(['pnl', 'pnl_error'])} AS key,
       unnest([i.pnl, i.pnl - oracle.pnl]) AS money
FROM run_pnl i
JOIN runs r USING (run)
JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                     = (i.comparison, i.tape_hash, i.seed, 'oracle')
WHERE i.role = 'curve' OR r.error IS NOT NULL;

CREATE OR REPLACE VIEW iso_pnl AS
SELECT e.comparison, (e.key).error AS error, (e.key).compute_ns AS compute_ns, e.seeds, p.mean AS pnl,
       p.standard_deviation / sqrt(p.replicates) AS standard_error,
       e.mean AS pnl_error, e.t_value, e.p_value, e.low, e.high
FROM paired_moments(iso_long) e
JOIN paired_moments(iso_long) p ON (p.comparison, (p.key).error, (p.key).compute_ns)
                                 = (e.comparison, (e.key).error, (e.key).compute_ns)
WHERE (e.key).what = 'pnl_error' AND (p.key).what = 'pnl';

-- What memory costs where its price is stated, in currency per seed: footprint x price x the tape's length.
CREATE OR REPLACE VIEW method_memory AS
SELECT m.comparison, m.method,
       CASE WHEN any_value(c.memory_price) > 0
            THEN any_value(m.footprint) / 1048576 * any_value(c.memory_price) * avg(r.span) / 3.6e12 END AS memory_cost
FROM methods m JOIN comparisons c USING (comparison) JOIN runs r USING (comparison, method)
WHERE r.role = 'own' GROUP BY m.comparison, m.method;

-- How fast the makers of a generated market are: a fixed delay and a lognormal one of that median and sigma, ns.
CREATE OR REPLACE VIEW market_reaction AS
SELECT comparison,
       CAST(manifest->>'$.configuration.source.delay_fixed' AS BIGINT) AS delay_fixed,
       CAST(manifest->>'$.configuration.source.delay_median' AS BIGINT) AS delay_median,
       CAST(manifest->>'$.configuration.source.delay_sigma' AS DOUBLE) AS delay_sigma
FROM comparisons
WHERE json_exists(manifest, '$.configuration.source.delay_median');

-- The share that a run keeps of what reference prices earn at once (role oracle), all seeds together: of reference
-- prices at fixed compute latencies (role curve) or at a method's own (exact), and of the method itself (own). NULL where
-- they earn nothing. The standard error is that of a ratio over seeds (Cochran, Sampling Techniques, 1977, 6.4), NULL
-- below two of them.
CREATE OR REPLACE VIEW kept_share AS
WITH paired AS (
    SELECT r.comparison, r.method, r.role, r.compute_ns, r.pnl, oracle.pnl AS oracle,
           CASE WHEN sum(oracle.pnl) OVER run > 0 THEN sum(r.pnl) OVER run / sum(oracle.pnl) OVER run END AS kept
    FROM run_pnl r
    JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                         = (r.comparison, r.tape_hash, r.seed, 'oracle')
    WHERE r.role IN ('curve', 'exact', 'own')
    WINDOW run AS (PARTITION BY r.comparison, r.method, r.role, r.compute_ns)
)
SELECT p.comparison, method, role, compute_ns, count(*) AS seeds,
       avg(pnl) * any_value(money_unit) AS pnl, avg(oracle) * any_value(money_unit) AS oracle, any_value(kept) AS kept,
       CASE WHEN count(*) > 1
            THEN sqrt(sum((pnl - kept * oracle) ** 2) * count(*) / (count(*) - 1)) / abs(sum(oracle)) END
           AS standard_error
FROM paired p JOIN comparisons USING (comparison)
GROUP BY p.comparison, method, role, compute_ns;

-- The table of `tradesim compare`: one row a method.
CREATE OR REPLACE VIEW comparison_table AS
WITH wide AS (
    PIVOT (SELECT e.* FROM effects_money e JOIN method_identified i USING (comparison, method)
           WHERE i.identified OR effect IN ('pricing_effect', 'slow_inputs'))
    ON effect IN ('pnl', 'pnl_error', 'slow_inputs', 'pricing_effect', 'latency_effect', 'interaction', 'make_instant',
                  'make_exact')
    USING any_value(mean) AS mean, any_value(standard_deviation) AS standard_deviation, any_value(t_value) AS t,
          any_value(p_value) AS p_value, any_value(p_holm) AS p_holm, any_value(low) AS low, any_value(high) AS high
    GROUP BY comparison, method, seeds, replicates
)
SELECT m.comparison, m.position, m.method,
       l.latency_p50, l.latency_p99, l.latency_p999, l.wait_p50, l.wait_p99, l.wait_p999,
       l.compute_p50, l.compute_p99, l.compute_p999, l.feed_p50, l.price_p50, l.decide_p50, l.send_p50, l.to_wire_p50,
       s.price_hot_p50, s.price_p50 AS price_live_p50, s.price_cold_p50, m.readings, m.disturbed,
       m.footprint, m.build_seconds, m.build_evaluations, m.rss_before, m.rss_bound, m.rss_peak, y.memory_cost,
       e.error_rms, e.error_max, e.fallbacks,
       e.error_rms <= c.edge AS tradable,  -- NULL where the rule has no edge
       i.identified,
       u.update_p50, l.compute_p50 + u.update_p50 / 100 AS amortised_p50, u.update_busy,
       a.decisions, a.skipped, a.orders, a.fills, a.paying, a.short_markouts,
       a.unvalued_fills, a.unvalued, a.drift, a.drift_hedged, a.end_marked,
       w.seeds, w.replicates, coalesce(w.pnl_mean, a.pnl) AS pnl_mean,
       w.* EXCLUDE (comparison, method, seeds, replicates, pnl_mean)
FROM methods m
JOIN comparisons c USING (comparison)
LEFT JOIN method_latency l USING (comparison, method)
LEFT JOIN method_identified i USING (comparison, method)
LEFT JOIN method_update u USING (comparison, method)
LEFT JOIN method_error e USING (comparison, method)
LEFT JOIN method_activity a USING (comparison, method)
LEFT JOIN method_stages s USING (comparison, method)
LEFT JOIN method_memory y USING (comparison, method)
LEFT JOIN wide w USING (comparison, method);

-- Where the money of each fill comes from, exact integers. An option's fill earns its spread, that is (standing - price) x
-- signed units, in three parts: the spread that its order asked for by its desk's own value (quoted_spread); what
-- the reference's value for the same inputs says otherwise (mispricing); and what the contract was worth by the time of the fill beside
-- that (staleness: what moved since the decision, and what the slow inputs did not know). A hedge pays its spread.
CREATE OR REPLACE VIEW fill_parts AS
WITH valued AS (
    SELECT f.run, f.desk, f.fill, f.contract, f.liquidity, f.contract < 0 AS hedges, f.quantity * f.multiplier AS units,
           f.price, f.fee, f.standing, f.mark,
           CASE WHEN isfinite(o.theo) THEN CAST(round(o.theo * 1000000) AS BIGINT) ELSE f.standing END AS theo,
           CASE WHEN isfinite(o.reference) THEN CAST(round(o.reference * 1000000) AS BIGINT) ELSE f.standing END
               AS reference
    FROM fills f JOIN orders o USING (run, desk, order_id)
)
SELECT run, desk, fill, contract, liquidity, hedges, units, price, standing, mark, theo,
       CASE WHEN hedges THEN 0 ELSE (theo - price) * units END AS quoted_spread,
       CASE WHEN hedges THEN 0 ELSE (reference - theo) * units END AS mispricing,
       CASE WHEN hedges THEN 0 ELSE (standing - reference) * units END AS staleness,
       CASE WHEN hedges OR liquidity <> 'taker' THEN 0 ELSE -fee END AS taker_fees,
       CASE WHEN hedges OR liquidity <> 'maker' THEN 0 ELSE -fee END AS maker_fees,
       CASE WHEN hedges THEN (standing - price) * units - fee ELSE 0 END AS hedging_cost,
       CASE WHEN hedges THEN (mark - standing) * units ELSE 0 END AS hedge_pnl
FROM valued;

-- What an option's fill made of the contract's later moves: until the horizon, and from then to the end of the tape.
CREATE OR REPLACE VIEW fill_markouts AS
SELECT f.run, f.desk, f.fill, f.contract, f.liquidity, f.units, m.horizon,
       (m.value - f.price) * f.units AS markout,
       coalesce((m.value - f.standing) * f.units, 0) AS adverse_selection,
       (f.mark - coalesce(m.value, f.standing)) * f.units AS inventory
FROM fill_parts f JOIN markouts m USING (run, desk, fill)
WHERE NOT f.hedges;

-- The end-marked P&L of each run in its parts, one row a part. The horizon is NULL where a part has none: at any one
-- horizon, its parts and those without sum to end_marked exactly.
CREATE OR REPLACE VIEW attribution_parts AS
WITH at_fill AS (
    SELECT r.run,
           CAST(coalesce(sum(quoted_spread), 0) AS BIGINT) AS quoted_spread,
           CAST(coalesce(sum(mispricing), 0) AS BIGINT) AS mispricing,
           CAST(coalesce(sum(staleness), 0) AS BIGINT) AS staleness,
           CAST(coalesce(sum(taker_fees), 0) AS BIGINT) AS taker_fees,
           CAST(coalesce(sum(maker_fees), 0) AS BIGINT) AS maker_fees,
           CAST(coalesce(sum(hedging_cost), 0) AS BIGINT) AS hedging_cost,
           CAST(coalesce(sum(hedge_pnl), 0) AS BIGINT) AS hedge_pnl
    FROM runs r LEFT JOIN fill_parts f USING (run) GROUP BY r.run
), later AS (
    SELECT r.run, h.horizon,
           CAST(coalesce(sum(adverse_selection), 0) AS BIGINT) AS adverse_selection,
           CAST(coalesce(sum(inventory), 0) AS BIGINT) AS inventory
    FROM runs r CROSS JOIN (SELECT DISTINCT horizon FROM markouts) h LEFT JOIN fill_markouts f USING (run, horizon)
    GROUP BY r.run, h.horizon
), long AS (
    SELECT run, part, CAST(NULL AS BIGINT) AS horizon, money FROM (
        UNPIVOT at_fill
        ON quoted_spread, mispricing, staleness, taker_fees, maker_fees, hedging_cost, hedge_pnl
        INTO NAME part VALUE money
    )
    UNION ALL
    SELECT run, part, horizon, money FROM (UNPIVOT later ON adverse_selection, inventory INTO NAME part VALUE money)
)
SELECT r.comparison, r.tape_hash, r.seed, r.method, r.role, r.compute_ns, run, part, horizon, money
FROM long JOIN runs r USING (run);

-- The same side by side, one row a run and horizon. The residual is what the parts leave of cash and positions: zero.
CREATE OR REPLACE VIEW attribution AS
WITH wide AS (
    SELECT run, h.horizon,
           CAST(sum(money) FILTER (part = 'quoted_spread') AS BIGINT) AS quoted_spread,
           CAST(sum(money) FILTER (part = 'mispricing') AS BIGINT) AS mispricing,
           CAST(sum(money) FILTER (part = 'staleness') AS BIGINT) AS staleness,
           CAST(sum(money) FILTER (part IN ('quoted_spread', 'mispricing', 'staleness')) AS BIGINT) AS spread_earned,
           CAST(sum(money) FILTER (part = 'taker_fees') AS BIGINT) AS taker_fees,
           CAST(sum(money) FILTER (part = 'maker_fees') AS BIGINT) AS maker_fees,
           CAST(sum(money) FILTER (part = 'adverse_selection') AS BIGINT) AS adverse_selection,
           CAST(sum(money) FILTER (part = 'inventory') AS BIGINT) AS inventory,
           CAST(sum(money) FILTER (part = 'hedging_cost') AS BIGINT) AS hedging_cost,
           CAST(sum(money) FILTER (part = 'hedge_pnl') AS BIGINT) AS hedge_pnl,
           CAST(sum(money) AS BIGINT) AS total
    FROM attribution_parts p JOIN (SELECT DISTINCT horizon FROM markouts) h ON p.horizon IS NULL OR p.horizon = h.horizon
    GROUP BY run, h.horizon
)
SELECT r.comparison, r.seed, r.method, r.role, r.compute_ns, w.* EXCLUDE (total),
       r.end_marked, r.end_marked - w.total AS residual
FROM wide w JOIN run_pnl r USING (run);

-- Each part in currency over seeds, of what method_activity counts: a method's own runs, or those at zero latency where
-- its latency is not identified. The part end_marked is their sum. What the tape cannot tell apart is not reported:
-- adverse selection until a horizon below its resolution is NULL, and is in the inventory.
CREATE OR REPLACE VIEW attribution_long AS
SELECT comparison, tape_hash, seed, {'method': method, 'part': part, 'horizon': horizon} AS key,
       CASE WHEN part = 'adverse_selection' AND horizon < resolution THEN NULL ELSE money END AS money
FROM (
    SELECT comparison, tape_hash, seed, method, role, part, horizon, money FROM attribution_parts
    UNION ALL
    SELECT comparison, tape_hash, seed, method, role, 'end_marked', NULL, end_marked FROM run_pnl
) JOIN comparisons USING (comparison) JOIN method_identified i USING (comparison, method)
WHERE role = CASE WHEN i.identified THEN 'own' ELSE 'instant' END;

CREATE OR REPLACE VIEW attribution_money AS
SELECT comparison, key.method, key.part, key.horizon, * EXCLUDE (comparison, key),
       holm(p_value, list(p_value) OVER (PARTITION BY comparison, key.part, key.horizon)) AS p_holm
FROM paired_moments(attribution_long);

-- The runs of a method, part by part: how each part of the P&L adds to each effect. Exact integers: over the parts
-- they sum to the effects on end_marked; without what follows the fill, on a tape whose fair value is latent, to those
-- on pnl.
CREATE OR REPLACE VIEW attribution_effects AS
SELECT own.comparison, own.tape_hash, own.seed, own.method, own.part, own.horizon,
       own.money - coalesce(truth.money, oracle.money) AS pnl_error,
       oracle.money - truth.money AS slow_inputs,
       instant.money - oracle.money AS pricing_effect,
       exact.money - oracle.money AS latency_effect,
       own.money - instant.money - exact.money + oracle.money AS interaction
FROM attribution_parts own
JOIN attribution_parts instant
  ON (instant.comparison, instant.seed, instant.method, instant.role, instant.part)
   = (own.comparison, own.seed, own.method, 'instant', own.part) AND instant.horizon IS NOT DISTINCT FROM own.horizon
JOIN attribution_parts exact
  ON (exact.comparison, exact.seed, exact.method, exact.role, exact.part)
   = (own.comparison, own.seed, own.method, 'exact', own.part) AND exact.horizon IS NOT DISTINCT FROM own.horizon
JOIN attribution_parts oracle
  ON (oracle.comparison, oracle.seed, oracle.role, oracle.part) = (own.comparison, own.seed, 'oracle', own.part)
 AND oracle.horizon IS NOT DISTINCT FROM own.horizon
LEFT JOIN attribution_parts truth
  ON (truth.comparison, truth.seed, truth.role, truth.part) = (own.comparison, own.seed, 'truth', own.part)
 AND truth.horizon IS NOT DISTINCT FROM own.horizon
WHERE own.role = 'own';

-- Over seeds, in currency; without what the tape cannot identify.
CREATE OR REPLACE VIEW attribution_effects_long AS
SELECT comparison, tape_hash, seed, {'method': method, 'part': part, 'horizon': horizon, 'effect': effect} AS key, money
FROM (UNPIVOT attribution_effects ON pnl_error, slow_inputs, pricing_effect, latency_effect, interaction
      INTO NAME effect VALUE money)
JOIN comparisons USING (comparison) JOIN method_identified i USING (comparison, method)
WHERE (i.identified OR effect IN ('pricing_effect', 'slow_inputs'))
  AND NOT (part = 'adverse_selection' AND coalesce(horizon < resolution, false));

CREATE OR REPLACE VIEW attribution_effects_money AS
SELECT comparison, key.method, key.part, key.horizon, key.effect, * EXCLUDE (comparison, key),
       holm(p_value, list(p_value) OVER (PARTITION BY comparison, key.part, key.horizon, key.effect)) AS p_holm
FROM paired_moments(attribution_effects_long);

-- What a unit of an option that was traded has made, in currency, mean over seeds: by its desk's own value when it was
-- decided on (horizon NULL), at the fill (0), and at each horizon (ns) after it that the tape can tell from it. The fall
-- from one to the next is what was lost.
CREATE OR REPLACE VIEW markout_curve AS
WITH at_horizon AS (
    SELECT run, liquidity, CAST(NULL AS BIGINT) AS horizon, quoted_spread AS markout, units FROM fill_parts WHERE NOT hedges
    UNION ALL
    SELECT run, liquidity, 0, (standing - price) * units, units FROM fill_parts WHERE NOT hedges
    UNION ALL
    SELECT run, liquidity, horizon, markout, units FROM fill_markouts
), by_seed AS (
    SELECT r.comparison, r.method, r.seed, a.liquidity, a.horizon,
           count(*) AS fills, sum(a.markout) / 1000000 / sum(abs(a.units)) AS markout
    FROM at_horizon a JOIN runs r USING (run) JOIN comparisons c USING (comparison)
    JOIN method_identified i USING (comparison, method)
    WHERE r.role = CASE WHEN i.identified THEN 'own' ELSE 'instant' END
      AND (a.horizon IS NULL OR a.horizon = 0 OR a.horizon >= c.resolution)
    GROUP BY r.comparison, r.method, r.seed, a.liquidity, a.horizon
)
SELECT comparison, method, liquidity, horizon, count(*) AS seeds, CAST(sum(fills) AS BIGINT) AS fills,
       avg(markout) AS markout, stddev_samp(markout) / sqrt(count(*)) AS standard_error
FROM by_seed GROUP BY comparison, method, liquidity, horizon;

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
-- Break-even: prices after which building has paid, beside the fastest method that needs no building and errs no more
-- (where all of those err more: than the most accurate of them); NULL where that is as fast.
CREATE OR REPLACE VIEW frontier_table AS
WITH priced AS (
    SELECT c.frontier, c.position, c.method, c.family, c.budget, c.says,
           l.price_p50, l.price_p99, l.price_p999, l.one_p50, l.one_p99, l.loop_ns,
           l.update_p50, l.update_p99, l.amortised_1, l.amortised_100, l.amortised_10000,
           k.price_p50 AS cold_p50, k.price_p99 AS cold_p99,
           b.p50 AS bind_p50,
           c.footprint, c.build_seconds, c.build_evaluations, c.fallbacks,
           f.contracts,
           p.rmse, p.p99, p.largest, e.rmse AS edge_rmse, e.largest AS edge_largest,
           d.rmse AS delta_rmse, g.rmse AS gamma_rmse, v.rmse AS vega_rmse, t.rmse AS theta_rmse,
           x.breach_share, x.breach_worst, x.breach_law, x.clamped_share, x.clamped_worst,
           c.hedge_rmse, c.hedge_largest
    FROM contenders c
    JOIN frontiers f USING (frontier)
    JOIN contender_latency l ON (l.frontier, l.method, l.cache) = (c.frontier, c.method, f.cache)
    JOIN contender_latency k ON (k.frontier, k.method, k.cache) = (c.frontier, c.method, 'cold')
    LEFT JOIN stage_latency b ON (b.frontier, b.method, b.stage) = (c.frontier, c.method, 'bind')
    LEFT JOIN errors p ON (p.frontier, p.method, p.place, p.quantity) = (c.frontier, c.method, 'inside', 'price')
    LEFT JOIN errors e ON (e.frontier, e.method, e.place, e.quantity) = (c.frontier, c.method, 'edge', 'price')
    LEFT JOIN errors d ON (d.frontier, d.method, d.place, d.quantity) = (c.frontier, c.method, 'inside', 'delta')
    LEFT JOIN errors g ON (g.frontier, g.method, g.place, g.quantity) = (c.frontier, c.method, 'inside', 'gamma')
    LEFT JOIN errors v ON (v.frontier, v.method, v.place, v.quantity) = (c.frontier, c.method, 'inside', 'vega')
    LEFT JOIN errors t ON (t.frontier, t.method, t.place, t.quantity) = (c.frontier, c.method, 'inside', 'theta')
    LEFT JOIN contender_breaches x ON (x.frontier, x.method) = (c.frontier, c.method)
    WHERE c.refused IS NULL
), unbuilt AS (
    SELECT frontier, amortised_100, rmse, min(rmse) OVER (PARTITION BY frontier) AS least
    FROM priced WHERE build_seconds = 0
), beside AS (
    SELECT p.frontier, p.method, min(u.amortised_100) AS amortised_100
    FROM priced p JOIN unbuilt u ON u.frontier = p.frontier AND u.rmse <= greatest(p.rmse, u.least)
    WHERE p.build_seconds > 0
    GROUP BY p.frontier, p.method
)
SELECT p.* EXCLUDE (contracts),
       CASE WHEN b.amortised_100 > p.amortised_100
            THEN 1e9 * p.build_seconds / ((b.amortised_100 - p.amortised_100) / p.contracts) END AS break_even,
       NOT EXISTS (
    SELECT 1 FROM priced o
    WHERE o.frontier = p.frontier
      AND o.amortised_100 <= p.amortised_100 AND o.footprint <= p.footprint AND o.rmse <= p.rmse
      AND (o.amortised_100 < p.amortised_100 OR o.footprint < p.footprint OR o.rmse < p.rmse)
) AS pareto
FROM priced p LEFT JOIN beside b ON (b.frontier, b.method) = (p.frontier, p.method);

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
-- cost = missed + worsened - gained. Fills whose fair value is not identified are counted, and in none of these; where a
-- side has no others its P&L is NULL, and so are the cost and its parts.
CREATE OR REPLACE VIEW race_costs AS
WITH pnls AS (
    SELECT r.comparison AS race, r.tape_hash, r.seed, r.desk,
           any_value(p.pnl) FILTER (r.role = 'alone') AS alone, any_value(p.pnl) FILTER (r.role = 'race') AS raced,
           CAST(sum(p.unvalued_fills) AS BIGINT) AS unvalued_fills
    FROM runs r JOIN run_pnl p USING (run)
    WHERE r.role IN ('race', 'alone')
    GROUP BY r.comparison, r.tape_hash, r.seed, r.desk
), fates AS (
    SELECT race, seed, desk, sum(missed) AS missed, sum(worsened) AS worsened, sum(gained) AS gained
    FROM race_fates GROUP BY race, seed, desk
)
SELECT race, tape_hash, seed, desk, alone, raced, alone - raced AS cost,
       CASE WHEN alone - raced IS NOT NULL THEN CAST(coalesce(missed, 0) AS BIGINT) END AS missed,
       CASE WHEN alone - raced IS NOT NULL THEN CAST(coalesce(worsened, 0) AS BIGINT) END AS worsened,
       CASE WHEN alone - raced IS NOT NULL THEN CAST(coalesce(gained, 0) AS BIGINT) END AS gained,
       unvalued_fills
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

CREATE OR REPLACE VIEW race_costs_long AS
SELECT race AS comparison, tape_hash, seed, {'desk': desk, 'amount': amount} AS key, money
FROM (UNPIVOT race_costs ON alone, raced, cost, missed, worsened, gained INTO NAME amount VALUE money);

-- The table of `tradesim race`: one row a desk; money in currency a seed. What the tape cannot identify is NULL.
CREATE OR REPLACE VIEW race_table AS
WITH money AS (
    PIVOT (SELECT comparison AS race, key.desk, key.amount, * EXCLUDE (comparison, key),
                  holm(p_value, list(p_value) OVER (PARTITION BY comparison, key.amount)) AS p_holm
           FROM paired_moments(race_costs_long))
    ON amount IN ('alone', 'raced', 'cost', 'missed', 'worsened', 'gained')
    USING any_value(mean) AS mean, any_value(standard_deviation) AS standard_deviation, any_value(t_value) AS t,
          any_value(p_value) AS p_value, any_value(p_holm) AS p_holm
    GROUP BY race, desk, seeds, replicates
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
       c.seeds, c.replicates, c.alone_mean AS alone,
       CASE WHEN l.identified THEN c.raced_mean END AS raced,
       CASE WHEN l.identified THEN c.cost_mean END AS cost,
       CASE WHEN l.identified THEN c.cost_standard_deviation END AS cost_standard_deviation,
       CASE WHEN l.identified THEN c.cost_t END AS cost_t,
       CASE WHEN l.identified THEN c.cost_p_value END AS cost_p_value,
       CASE WHEN l.identified THEN c.cost_p_holm END AS cost_p_holm,
       CASE WHEN l.identified THEN c.missed_mean END AS missed,
       CASE WHEN l.identified THEN c.worsened_mean END AS worsened,
       CASE WHEN l.identified THEN c.gained_mean END AS gained,
       coalesce(p.made, 0) AS made, CASE WHEN l.identified THEN coalesce(p.made_money, 0) END AS made_money
FROM desks d
LEFT JOIN race_latency l USING (race, desk)
LEFT JOIN money c USING (race, desk)
LEFT JOIN met m USING (race, desk)
LEFT JOIN activity a USING (race, desk)
LEFT JOIN picked p USING (race, desk);
