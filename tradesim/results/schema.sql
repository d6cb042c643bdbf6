-- Facts only: instants and amounts. Every definition is a view (views.sql).
-- Instants and durations are ns; prices are micros of the tape's currency; money is price x lots x multiplier.

CREATE TABLE IF NOT EXISTS comparisons (
    comparison  VARCHAR PRIMARY KEY,
    created     TIMESTAMP NOT NULL,
    problem     VARCHAR NOT NULL,
    tape        VARCHAR NOT NULL,     -- where the tape comes from, in one line
    currency    VARCHAR NOT NULL,
    money_unit  DOUBLE NOT NULL,      -- currency in one unit of money
    edge        DOUBLE,               -- currency a unit that a price error takes from the rule: what it asks for to take, its
                                      -- half-spread where it makes; NULL: a rule that has neither
    memory_price DOUBLE,              -- currency for a MiB that a method keeps resident, each hour of tape
    fair        VARCHAR NOT NULL,     -- latent, or markout (an estimate)
    resolution  BIGINT NOT NULL,      -- ns that the tape can tell apart
    span        BIGINT NOT NULL,      -- ns that its market was open: closed hours are left out
    manifest    JSON NOT NULL         -- configuration and its hash, versions, host
);

CREATE TABLE IF NOT EXISTS contracts (
    tape_hash   VARCHAR NOT NULL,
    contract    INTEGER NOT NULL,
    name        VARCHAR NOT NULL,
    strike      DOUBLE NOT NULL,
    expiry      BIGINT NOT NULL,
    "right"     TINYINT NOT NULL,
    style       TINYINT NOT NULL,     -- 0 European, 1 American, as the tape lists it
    PRIMARY KEY (tape_hash, contract)
);

CREATE TABLE IF NOT EXISTS methods (
    comparison        VARCHAR NOT NULL,
    method            VARCHAR NOT NULL,
    position          INTEGER NOT NULL,     -- the order of the rows in the table
    footprint         BIGINT NOT NULL,      -- resident bytes: tables, trees, axes, workspace
    build_seconds     DOUBLE NOT NULL,
    build_evaluations BIGINT NOT NULL,
    readings          BIGINT,               -- decisions that were timed; of them disturbed ones were dropped
    disturbed         BIGINT,
    rss_before        BIGINT NOT NULL,      -- bytes of the process, before bind, after it, and at its peak
    rss_bound         BIGINT NOT NULL,
    rss_peak          BIGINT NOT NULL,
    PRIMARY KEY (comparison, method)
);

CREATE TABLE IF NOT EXISTS profiles (
    comparison   VARCHAR NOT NULL,
    method       VARCHAR NOT NULL,
    stage        VARCHAR NOT NULL,    -- snapshot (of the volatility service, before each update), update, feed, price,
                                      -- decide, send
    tag          VARCHAR NOT NULL,
    timing       VARCHAR NOT NULL,    -- live (as decisions happen); of price also the bounds hot and cold
    block        INTEGER NOT NULL,    -- methods were timed in turn, block by block
    measurements BIGINT[] NOT NULL,   -- ns, ascending
    PRIMARY KEY (comparison, method, stage, tag, timing, block)
);

CREATE TABLE IF NOT EXISTS runs (
    run         VARCHAR PRIMARY KEY,
    comparison  VARCHAR NOT NULL,     -- or the race
    seed        BIGINT NOT NULL,
    tape_hash   VARCHAR NOT NULL,
    method      VARCHAR NOT NULL,
    role        VARCHAR NOT NULL,     -- truth, oracle, instant, exact, own, curve, fixed; of a race: race, alone
    desk        INTEGER NOT NULL,     -- its index in its simulation
    compute_ns  BIGINT,               -- roles curve and fixed: the fixed latency
    error       DOUBLE,               -- the stated error of its prices, root mean square, currency; NULL: none is stated
    blocks      INTEGER,              -- which group of measurement blocks its latencies are drawn from; NULL: they are stated
    span        BIGINT,               -- ns that the market of its tape was open
    update_busy BIGINT,               -- ns for which the second CPU was busy with updates
    cash        BIGINT NOT NULL,      -- money at the end, positions not counted
    manifest    JSON NOT NULL
);

CREATE TABLE IF NOT EXISTS races (
    race        VARCHAR PRIMARY KEY,
    created     TIMESTAMP NOT NULL,
    problem     VARCHAR NOT NULL,
    tape        VARCHAR NOT NULL,     -- these are as in comparisons
    currency    VARCHAR NOT NULL,
    money_unit  DOUBLE NOT NULL,
    fair        VARCHAR NOT NULL,
    resolution  BIGINT NOT NULL,
    span        BIGINT NOT NULL,
    manifest    JSON NOT NULL
);

CREATE TABLE IF NOT EXISTS desks (
    race        VARCHAR NOT NULL,
    desk        INTEGER NOT NULL,     -- its index in the simulation
    name        VARCHAR NOT NULL,     -- unique in the race
    method      VARCHAR NOT NULL,
    latency     VARCHAR NOT NULL,     -- of its decisions, as stated; empirical: measured
    PRIMARY KEY (race, desk)
);

CREATE TABLE IF NOT EXISTS decisions (
    run         VARCHAR NOT NULL,
    decision    BIGINT NOT NULL,
    desk        INTEGER NOT NULL,
    event       BIGINT NOT NULL,      -- at the venue
    arrival     BIGINT NOT NULL,      -- at the desk
    start       BIGINT NOT NULL,      -- the CPU takes it up
    fed         BIGINT NOT NULL,      -- what has arrived is taken in
    priced      BIGINT NOT NULL,      -- the chain is priced
    decided     BIGINT NOT NULL,      -- the rule and the hedge have answered
    paused      BIGINT NOT NULL,      -- ns from start to decided in which the process was stopped
    newest      BIGINT NOT NULL,      -- at the venue: of the newest row that it had seen
    tick        BIGINT,               -- row of the tape; NULL: a trade of an order of its own woke it
    skipped     BIGINT NOT NULL,      -- firings passed over since the decision before
    backlog     BIGINT NOT NULL,      -- firings that had arrived at start, and wait on
    outcome     VARCHAR NOT NULL,     -- prompt, waited, late (the deadline had passed: nothing was sent)
    tag         VARCHAR NOT NULL,     -- the path that the pricing took
    fallbacks   BIGINT NOT NULL,      -- contracts priced by the fallback
    state       BIGINT NOT NULL,      -- which slow inputs it knew; -1: the true ones
    spot        DOUBLE,               -- what it acted on, currency; NULL: a side of the underlying was missing
    error_rms   DOUBLE,               -- of its prices against the reference, over the chain, currency
    error_max   DOUBLE,
    orders      BIGINT NOT NULL,
    refused     BIGINT NOT NULL       -- orders of the rule not sent: one is in flight in their contract
);

CREATE TABLE IF NOT EXISTS orders (
    run         VARCHAR NOT NULL,
    order_id    BIGINT NOT NULL,
    decision    BIGINT NOT NULL,
    desk        INTEGER NOT NULL,
    contract    INTEGER NOT NULL,     -- -1: the underlying
    direction   TINYINT NOT NULL,
    lots        BIGINT NOT NULL,      -- of a replace: in all, with what the target had traded
    limit_price BIGINT,               -- NULL: at market, or a cancel
    kind        VARCHAR NOT NULL,     -- ioc, limit, post_only, cancel, replace
    target      BIGINT,               -- the order that a cancel or a replace is about
    seen_price  BIGINT NOT NULL,      -- the quote that it acted on
    theo        DOUBLE NOT NULL,      -- its theoretical value, currency
    reference   DOUBLE NOT NULL,      -- the reference's, for the same inputs
    decided     BIGINT NOT NULL,      -- it left the desk
    venue       BIGINT NOT NULL,
    ack         BIGINT NOT NULL,
    filled      BIGINT NOT NULL,      -- on arrival; what it traded while it stood is in fills
    outcome     VARCHAR NOT NULL,     -- filled, partial, missed, resting, cancelled, replaced, late, rejected; expired: it
                                      -- stood until its contract expired or its session closed
    reason      VARCHAR,              -- of a rejection (expired, closed, tick, ...), or self-trade
    tie         BIGINT                -- of a race: of orders of several desks that arrive at once, the smaller is first
);

CREATE TABLE IF NOT EXISTS fills (
    run         VARCHAR NOT NULL,
    fill        BIGINT NOT NULL,      -- of the desk, from 0
    order_id    BIGINT NOT NULL,
    decision    BIGINT NOT NULL,
    desk        INTEGER NOT NULL,
    contract    INTEGER NOT NULL,
    quantity    BIGINT NOT NULL,      -- lots, signed
    multiplier  BIGINT NOT NULL,
    price       BIGINT NOT NULL,
    fee         BIGINT NOT NULL,      -- money
    venue       BIGINT NOT NULL,
    known       BIGINT NOT NULL,      -- at the desk
    liquidity   VARCHAR NOT NULL,     -- taker, maker
    fair        BIGINT,               -- micros, at the fill; NULL: not identified (the market closed within the markout)
    mark        BIGINT NOT NULL,      -- micros, at the end of the tape, or settled at expiry
    markout     BIGINT,               -- ns from the fill to where fair was taken; NULL: at the fill
    hedge       BIGINT,               -- money that a delta hedge from the fill on would have cost; NULL: delta not known
    standing    BIGINT NOT NULL       -- micros: what the contract was worth by what was known at the fill
);

CREATE TABLE IF NOT EXISTS markouts (
    run         VARCHAR NOT NULL,
    desk        INTEGER NOT NULL,
    fill        BIGINT NOT NULL,
    horizon     BIGINT NOT NULL,      -- ns after the fill
    value       BIGINT                -- micros: what the contract was worth then, or at the end of the tape if before;
                                      -- NULL: not identified
);

CREATE TABLE IF NOT EXISTS settlements (
    run         VARCHAR NOT NULL,
    desk        INTEGER NOT NULL,
    contract    INTEGER NOT NULL,
    quantity    BIGINT NOT NULL,      -- lots held at the expiry, signed
    multiplier  BIGINT NOT NULL,
    instant     BIGINT NOT NULL,      -- the expiry
    price       BIGINT NOT NULL       -- micros: intrinsic value on the settlement price; it is in the run's cash
);

CREATE TABLE IF NOT EXISTS positions (
    run         VARCHAR NOT NULL,
    contract    INTEGER NOT NULL,
    position    BIGINT NOT NULL,
    multiplier  BIGINT NOT NULL,
    mark        BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS frontiers (
    frontier    VARCHAR PRIMARY KEY,
    created     TIMESTAMP NOT NULL,
    problem     VARCHAR NOT NULL,
    cache       VARCHAR NOT NULL,     -- hot, cold: which latencies the frontier is drawn by
    contracts   INTEGER NOT NULL,     -- of the chain on which latencies are taken
    many        INTEGER NOT NULL,     -- of the long chain: what one contract more takes inside the compiled loop
    manifest    JSON NOT NULL         -- configuration and its hash, versions, host
);

CREATE TABLE IF NOT EXISTS contenders (
    frontier          VARCHAR NOT NULL,
    method            VARCHAR NOT NULL,   -- with its budget: grid@64KiB
    family            VARCHAR NOT NULL,   -- without: grid
    budget            BIGINT,             -- bytes; NULL: its default size, or none
    position          INTEGER NOT NULL,
    says              VARCHAR NOT NULL,
    refused           VARCHAR,            -- why it does not serve the problem; the rest is then NULL
    footprint         BIGINT,             -- resident bytes: tables, trees, axes, workspace
    build_seconds     DOUBLE,
    build_evaluations BIGINT,
    fallbacks         BIGINT,             -- contracts of the chain that the fallback prices
    hedge_rmse        DOUBLE,             -- P&L that hedging with its delta adds to the reference's, a path
    hedge_largest     DOUBLE,
    PRIMARY KEY (frontier, method)
);

CREATE TABLE IF NOT EXISTS stages (
    frontier     VARCHAR NOT NULL,
    method       VARCHAR NOT NULL,
    stage        VARCHAR NOT NULL,    -- bind, update, price
    contracts    INTEGER NOT NULL,
    cache        VARCHAR NOT NULL,
    measurements BIGINT[] NOT NULL,   -- ns, ascending
    PRIMARY KEY (frontier, method, stage, contracts, cache)
);

CREATE TABLE IF NOT EXISTS errors (
    frontier  VARCHAR NOT NULL,
    method    VARCHAR NOT NULL,
    place     VARCHAR NOT NULL,       -- inside the domain, or on its edge
    quantity  VARCHAR NOT NULL,       -- price, delta, gamma, vega, theta
    points    BIGINT NOT NULL,
    rmse      DOUBLE NOT NULL,        -- on a strike of 100 where there is one
    p99       DOUBLE NOT NULL,
    largest   DOUBLE NOT NULL,
    PRIMARY KEY (frontier, method, place, quantity)
);

CREATE TABLE IF NOT EXISTS breaches (
    frontier  VARCHAR NOT NULL,
    method    VARCHAR NOT NULL,
    law       VARCHAR NOT NULL,
    clamped   BOOLEAN NOT NULL,       -- whether prices were first held between the bounds
    checked   BIGINT NOT NULL,
    broken    BIGINT NOT NULL,        -- by more than 1e-4 on a strike of 100
    worst     DOUBLE NOT NULL,
    PRIMARY KEY (frontier, method, law, clamped)
);
