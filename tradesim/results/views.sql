-- Every definition, once. Durations are differences of instants; amounts of views ending in _money are currency.

-- ``age`` is how old the newest row that a decision had seen was when it was made; ``backlog`` how many ticks waited on.

CREATE OR REPLACE VIEW decision_latency AS
SELECT run, desk, decision, start - arrival AS wait, decided - start AS compute, decided - arrival AS latency,
       decided - newest AS age, backlog
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
SELECT r.run, r.comparison, r.tape_hash, r.seed, r.method, r.role, r.compute_ns,
       coalesce(f.fills, 0) AS fills,
       coalesce(f.edge, 0) AS edge,
       coalesce(f.fees, 0) AS fees,
       coalesce(f.edge, 0) - coalesce(f.fees, 0) AS pnl,
       coalesce(f.drift, 0) AS drift,
       coalesce(f.drift, 0) - CASE WHEN f.fills IS NULL THEN 0 ELSE f.hedge END AS drift_hedged,
       r.cash + coalesce(p.held, 0) AS end_marked
FROM runs r LEFT JOIN by_fill f USING (run) LEFT JOIN by_position p USING (run);

-- The four runs of a method side by side, and what they say: exact integers that sum to the P&L error. A replicate is
-- a tape under a seed: the runs that are held against each other share both.
CREATE OR REPLACE VIEW effects AS
SELECT own.comparison, own.tape_hash, own.seed, own.method,
       own.pnl AS pnl,
       oracle.pnl AS oracle,
       own.pnl - oracle.pnl AS pnl_error,
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
    ON pnl, pnl_error, pricing_effect, latency_effect, interaction, make_instant, make_exact
    INTO NAME effect VALUE money
);

-- Of `source`, a view of money in replicates: mean, spread and paired t-value of each key, in currency. t is NULL where
-- it is not defined.
CREATE OR REPLACE MACRO paired_moments(source) AS TABLE
SELECT comparison, key, count(*) AS seeds,
       avg(money) * any_value(money_unit) AS mean,
       stddev_samp(money) * any_value(money_unit) AS spread,
       CASE WHEN count(*) > 1 AND stddev_samp(money) > 0
            THEN avg(money) / (stddev_samp(money) / sqrt(count(*))) END AS t_value
FROM query_table(source) JOIN comparisons USING (comparison)
GROUP BY comparison, key;

-- The bootstrap's draws: how often each replicate stands in each of 2,000 resamples. A hash draws them, so they are the
-- same for every method, effect and query, and intervals of things that are compared share their chance.
CREATE OR REPLACE VIEW resamples AS
WITH drawn AS (
    SELECT seeds, resample,
           CAST(md5_number_lower(resample || ' ' || unnest(range(seeds))) % seeds AS BIGINT) AS replicate
    FROM (SELECT DISTINCT count(DISTINCT (tape_hash, seed)) AS seeds FROM runs GROUP BY comparison),
         range(2000) drawn(resample)
    WHERE seeds >= 5
)
SELECT seeds, resample, replicate, count(*) AS weight FROM drawn GROUP BY ALL;

-- The quantile of Student's t with `freedom` degrees of freedom over that of the normal distribution, at 97.5 %:
-- Cornish and Fisher's expansion (Abramowitz and Stegun, 26.7.5), good to 3e-4 from 4 degrees on.
CREATE OR REPLACE MACRO student_over_normal(freedom) AS
    1 + (2.372271 / freedom + 2.822499 / freedom ** 2 + 2.555850 / freedom ** 3 + 1.589528 / freedom ** 4) / 1.959964;

-- Of `source`, as above: a 95 % interval of each key's mean, in currency; no row below 5 replicates, of which a
-- bootstrap knows too little. It is the percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap,
-- 1993, chapter 13), which is too narrow for few replicates (Hesterberg, The American Statistician 69, 2015): its ends
-- are moved away from the mean by as much as makes it the t-interval where differences are normal. (A bootstrap-t has no
-- answer where most replicates differ by nothing, as they often do here.)
CREATE OR REPLACE MACRO paired_interval(source) AS TABLE
WITH numbered AS (
    SELECT comparison, key, money,
           row_number() OVER (PARTITION BY comparison, key ORDER BY seed, tape_hash) - 1 AS replicate,
           count(*) OVER (PARTITION BY comparison, key) AS seeds,
           avg(money) OVER (PARTITION BY comparison, key) AS mean
    FROM query_table(source)
), resampled AS (
    SELECT comparison, key, seeds, mean, sum(money * weight) / seeds - mean AS departure
    FROM numbered JOIN resamples USING (seeds, replicate)
    GROUP BY comparison, key, seeds, mean, resample
), widened AS (
    SELECT comparison, key, mean, quantile_cont(departure, 0.025) AS below, quantile_cont(departure, 0.975) AS above,
           sqrt(seeds / (seeds - 1)) * student_over_normal(seeds - 1) AS width
    FROM resampled GROUP BY comparison, key, mean, seeds
)
SELECT comparison, key, (mean + width * below) * money_unit AS low, (mean + width * above) * money_unit AS high
FROM widened JOIN comparisons USING (comparison);

-- Over seeds, in currency: mean, spread and paired t-value of each effect; then its mean and interval.
CREATE OR REPLACE VIEW effects_money AS
SELECT comparison, key.method, key.effect, seeds, mean, spread, t_value FROM paired_moments(effects_long);

CREATE OR REPLACE VIEW effects_interval AS
SELECT comparison, m.key.method, m.key.effect, seeds, mean, low, high
FROM paired_moments(effects_long) m LEFT JOIN paired_interval(effects_long) USING (comparison, key);

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

-- What each method earned more than each other one, each at its own latency, over seeds, in currency; no row where the
-- tape cannot tell one of the two latencies from zero.
CREATE OR REPLACE VIEW differences_long AS
SELECT comparison, tape_hash, seed, {'method': m.method, 'rival': r.method} AS key, m.pnl - r.pnl AS money
FROM run_pnl m JOIN run_pnl r USING (comparison, tape_hash, seed, role)
WHERE role = 'own' AND m.method <> r.method;

CREATE OR REPLACE VIEW method_difference AS
SELECT m.comparison, m.key.method, m.key.rival, seeds, mean, spread, t_value, low, high
FROM paired_moments(differences_long) m LEFT JOIN paired_interval(differences_long) USING (comparison, key)
JOIN method_identified i ON (i.comparison, i.method) = (m.comparison, m.key.method)
JOIN method_identified j ON (j.comparison, j.method) = (m.comparison, m.key.rival)
WHERE i.identified AND j.identified;

-- What each method, at each fixed compute latency that it was replayed at, earned more than each other one at its own.
CREATE OR REPLACE VIEW fixed_differences_long AS
SELECT m.comparison, m.tape_hash, m.seed,
       {'method': m.method, 'rival': r.method, 'compute_ns': m.compute_ns} AS key, m.pnl - r.pnl AS money
FROM run_pnl m JOIN run_pnl r ON (r.comparison, r.tape_hash, r.seed, r.role)
                               = (m.comparison, m.tape_hash, m.seed, 'own')
WHERE m.role = 'fixed';

CREATE OR REPLACE VIEW fixed_difference AS
SELECT comparison, m.key.method, m.key.rival, m.key.compute_ns, seeds, mean, spread, t_value, low, high
FROM paired_moments(fixed_differences_long) m LEFT JOIN paired_interval(fixed_differences_long) USING (comparison, key);

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
JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                     = (c.comparison, c.tape_hash, c.seed, 'oracle')
JOIN comparisons q ON q.comparison = c.comparison
WHERE c.role = 'curve'
GROUP BY c.comparison, c.compute_ns;

-- P&L of reference prices with errors of stated sizes (the methods inexact:ERROR:SEED, currency) at fixed compute
-- latencies, and what it is less than without either, paired over seeds, with its interval; in currency.
CREATE OR REPLACE VIEW iso_long AS
SELECT i.comparison, i.tape_hash, i.seed,
       {'error': CASE i.role WHEN 'curve' THEN 0.0 ELSE CAST(split_part(i.method, ':', 2) AS DOUBLE) END,
        'compute_ns': i.compute_ns} AS key,
       i.pnl - oracle.pnl AS money, i.pnl
FROM run_pnl i
JOIN run_pnl oracle ON (oracle.comparison, oracle.tape_hash, oracle.seed, oracle.role)
                     = (i.comparison, i.tape_hash, i.seed, 'oracle')
WHERE i.role = 'curve' OR (i.role = 'fixed' AND i.method LIKE 'inexact:%');

CREATE OR REPLACE VIEW iso_pnl AS
SELECT comparison, key.error, key.compute_ns, m.seeds, pnl, standard_error, m.mean AS pnl_error, m.t_value, low, high
FROM paired_moments(iso_long) m
JOIN (SELECT comparison, key, avg(pnl) * any_value(money_unit) AS pnl,
             stddev_samp(pnl) / sqrt(count(*)) * any_value(money_unit) AS standard_error
      FROM iso_long JOIN comparisons USING (comparison) GROUP BY comparison, key) USING (comparison, key)
LEFT JOIN paired_interval(iso_long) USING (comparison, key);

-- The table of `tradesim compare`: one row a method.
CREATE OR REPLACE VIEW comparison_table AS
WITH wide AS (
    PIVOT (SELECT comparison, method, effect, seeds, m.mean, spread, t_value, low, high
           FROM effects_money m JOIN effects_interval i USING (comparison, method, effect, seeds))
    ON effect IN ('pnl', 'pnl_error', 'pricing_effect', 'latency_effect', 'interaction', 'make_instant', 'make_exact')
    USING any_value(mean) AS mean, any_value(spread) AS spread, any_value(t_value) AS t,
          any_value(low) AS low, any_value(high) AS high
    GROUP BY comparison, method
)
SELECT m.comparison, m.position, m.method,
       l.latency_p50, l.latency_p99, l.latency_p999, l.wait_p50, l.wait_p99, l.wait_p999,
       l.compute_p50, l.compute_p99, l.compute_p999,
       m.footprint, m.build_seconds, m.build_evaluations, m.rss_before, m.rss_bound, m.rss_peak,
       e.error_rms, e.error_max, e.fallbacks,
       e.error_rms <= c.edge AS tradable,  -- NULL where the rule has no edge
       i.identified,
       u.update_p50, l.compute_p50 + u.update_p50 / 100 AS amortised_p50,
       a.decisions, a.skipped, a.orders, a.fills, a.short_markouts, a.drift, a.drift_hedged, a.end_marked,
       CASE WHEN i.identified THEN w.pnl_mean ELSE a.pnl END AS pnl_mean,
       CASE WHEN i.identified THEN w.pnl_spread END AS pnl_spread,
       CASE WHEN i.identified THEN w.pnl_t END AS pnl_t,
       CASE WHEN i.identified THEN w.pnl_low END AS pnl_low,
       CASE WHEN i.identified THEN w.pnl_high END AS pnl_high,
       w.pricing_effect_mean, w.pricing_effect_spread, w.pricing_effect_t, w.pricing_effect_low, w.pricing_effect_high,
       CASE WHEN i.identified THEN w.pnl_error_mean END AS pnl_error_mean,
       CASE WHEN i.identified THEN w.pnl_error_spread END AS pnl_error_spread,
       CASE WHEN i.identified THEN w.pnl_error_t END AS pnl_error_t,
       CASE WHEN i.identified THEN w.pnl_error_low END AS pnl_error_low,
       CASE WHEN i.identified THEN w.pnl_error_high END AS pnl_error_high,
       CASE WHEN i.identified THEN w.latency_effect_mean END AS latency_effect_mean,
       CASE WHEN i.identified THEN w.latency_effect_spread END AS latency_effect_spread,
       CASE WHEN i.identified THEN w.latency_effect_t END AS latency_effect_t,
       CASE WHEN i.identified THEN w.latency_effect_low END AS latency_effect_low,
       CASE WHEN i.identified THEN w.latency_effect_high END AS latency_effect_high,
       CASE WHEN i.identified THEN w.interaction_mean END AS interaction_mean,
       CASE WHEN i.identified THEN w.interaction_spread END AS interaction_spread,
       CASE WHEN i.identified THEN w.interaction_t END AS interaction_t,
       CASE WHEN i.identified THEN w.interaction_low END AS interaction_low,
       CASE WHEN i.identified THEN w.interaction_high END AS interaction_high,
       CASE WHEN i.identified THEN w.make_instant_mean END AS make_instant_mean,
       CASE WHEN i.identified THEN w.make_instant_spread END AS make_instant_spread,
       CASE WHEN i.identified THEN w.make_instant_t END AS make_instant_t,
       CASE WHEN i.identified THEN w.make_instant_low END AS make_instant_low,
       CASE WHEN i.identified THEN w.make_instant_high END AS make_instant_high,
       CASE WHEN i.identified THEN w.make_exact_mean END AS make_exact_mean,
       CASE WHEN i.identified THEN w.make_exact_spread END AS make_exact_spread,
       CASE WHEN i.identified THEN w.make_exact_t END AS make_exact_t,
       CASE WHEN i.identified THEN w.make_exact_low END AS make_exact_low,
       CASE WHEN i.identified THEN w.make_exact_high END AS make_exact_high
FROM methods m
JOIN comparisons c USING (comparison)
LEFT JOIN method_latency l USING (comparison, method)
LEFT JOIN method_identified i USING (comparison, method)
LEFT JOIN method_update u USING (comparison, method)
LEFT JOIN method_error e USING (comparison, method)
LEFT JOIN method_activity a USING (comparison, method)
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
       (m.value - f.standing) * f.units AS adverse_selection,
       (f.mark - m.value) * f.units AS inventory
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
SELECT r.comparison, r.seed, r.method, r.role, r.compute_ns, run, part, horizon, money FROM long JOIN runs r USING (run);

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
CREATE OR REPLACE VIEW attribution_money AS
WITH long AS (
    SELECT comparison, seed, method, role, part, horizon,
           CASE WHEN part = 'adverse_selection' AND horizon < resolution THEN NULL ELSE money END AS money
    FROM attribution_parts JOIN comparisons USING (comparison)
    UNION ALL
    SELECT comparison, seed, method, role, 'end_marked', NULL, end_marked FROM run_pnl
)
SELECT comparison, method, part, horizon, count(*) AS seeds,
       avg(money) * any_value(money_unit) AS mean,
       stddev_samp(money) * any_value(money_unit) AS spread,
       CASE WHEN count(*) > 1 AND stddev_samp(money) > 0
            THEN avg(money) / (stddev_samp(money) / sqrt(count(*))) END AS t_value
FROM long JOIN comparisons USING (comparison) JOIN method_identified i USING (comparison, method)
WHERE role = CASE WHEN i.identified THEN 'own' ELSE 'instant' END
GROUP BY comparison, method, part, horizon;

-- The four runs of a method, part by part: how each part of the P&L adds to each effect. Exact integers: over the parts
-- they sum to the effects on end_marked; without what follows the fill, on a tape whose fair value is latent, to those
-- on pnl.
CREATE OR REPLACE VIEW attribution_effects AS
SELECT own.comparison, own.seed, own.method, own.part, own.horizon,
       own.money - oracle.money AS pnl_error,
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
WHERE own.role = 'own';

-- Over seeds, in currency; without what the tape cannot identify.
CREATE OR REPLACE VIEW attribution_effects_money AS
WITH long AS (
    UNPIVOT attribution_effects ON pnl_error, pricing_effect, latency_effect, interaction INTO NAME effect VALUE money
)
SELECT comparison, method, part, horizon, effect, count(*) AS seeds,
       avg(money) * any_value(money_unit) AS mean,
       stddev_samp(money) * any_value(money_unit) AS spread,
       CASE WHEN count(*) > 1 AND stddev_samp(money) > 0
            THEN avg(money) / (stddev_samp(money) / sqrt(count(*))) END AS t_value
FROM long JOIN comparisons USING (comparison) JOIN method_identified i USING (comparison, method)
WHERE (i.identified OR effect = 'pricing_effect')
  AND NOT (part = 'adverse_selection' AND coalesce(horizon < resolution, false))
GROUP BY comparison, method, part, horizon, effect;

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
