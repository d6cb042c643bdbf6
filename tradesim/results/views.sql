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
