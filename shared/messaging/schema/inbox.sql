-- What a service has received. These tables are the inbox's own and open to the scope '*' only, except for held
-- events, which belong to a tenant.

-- The id of every event taken, by the day the event was made, so that an event always falls into the same partition.
-- Older days are dropped; what comes from before is known by its sequence.
CREATE TABLE inbox (
    id uuid NOT NULL,
    consumer text NOT NULL,
    day date NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (id, consumer, day)
) PARTITION BY RANGE (day);
CREATE TABLE partitions.inbox_default PARTITION OF inbox DEFAULT;

-- Since when a consumer reads a topic: a stream first seen in the middle is no gap if that event is older than this.
CREATE TABLE inbox_topic (
    consumer text NOT NULL,
    topic text NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT pk_inbox_topic PRIMARY KEY (consumer, topic)
);

-- One row for each aggregate's stream of events.
-- sequence: everything up to it is done with; the next event has sequence + 1.
-- highest: the highest sequence ever applied; above `sequence` only after a replay has set the stream back.
-- replay: the newest replay that set it back.
-- head: the lowest held sequence; the stream is blocked from there on.
-- due_at: when the held events have to be looked at; null while there are none, or the first is dead.
-- asks: how often the events missing before the head have been asked for.
-- version: counts changes, so that two writers who read the same row cannot both change it.
CREATE TABLE inbox_stream (
    aggregate uuid NOT NULL,
    topic text NOT NULL,
    consumer text NOT NULL,
    sequence bigint NOT NULL,
    highest bigint NOT NULL,
    replay uuid,
    head bigint,
    due_at timestamptz,
    asks smallint NOT NULL DEFAULT 0,
    version bigint NOT NULL,
    CONSTRAINT pk_inbox_stream PRIMARY KEY (aggregate, topic, consumer)
) WITH (fillfactor = 80);
CREATE INDEX ix_inbox_stream_due ON inbox_stream (consumer, due_at) WHERE due_at IS NOT NULL;

-- The rows of these streams. One look at the primary key for each, by force: the planner believes that row-level security
-- leaves one row in two hundred, would rather walk the whole table, and keeps such a plan while the table grows.
CREATE FUNCTION inbox_streams(consumer_name text, topics text[], aggregates uuid[])
RETURNS TABLE (topic text, aggregate uuid, sequence bigint, highest bigint, replay uuid, head bigint, version bigint)
LANGUAGE plpgsql STABLE ROWS 500 SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT stream.topic, stream.aggregate, stream.sequence, stream.highest, stream.replay, stream.head, stream.version
    FROM unnest(topics, aggregates) AS wanted (topic, aggregate)
    CROSS JOIN LATERAL (
        SELECT * FROM inbox_stream
        WHERE inbox_stream.aggregate = wanted.aggregate AND inbox_stream.topic = wanted.topic
          AND inbox_stream.consumer = consumer_name
        LIMIT 1
    ) AS stream;
END $$;

-- Events that could not be applied, and those that wait behind them. A record without a readable envelope has no
-- aggregate; its tenant is ''.
CREATE TABLE held_event (
    id uuid NOT NULL,
    consumer text NOT NULL,
    tenant text NOT NULL,
    topic text NOT NULL,
    aggregate uuid,
    sequence bigint,
    event uuid,
    type text,
    state text NOT NULL,
    reason text,
    error text,
    attempts smallint NOT NULL DEFAULT 0,
    held_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    key bytea,
    headers bytea NOT NULL,  -- JSON, a list of [name, value], values as Latin-1
    value bytea NOT NULL,
    CONSTRAINT pk_held_event PRIMARY KEY (id),
    CONSTRAINT ck_held_event_state CHECK (state IN ('retrying', 'dead', 'waiting')),
    CONSTRAINT ck_held_event_reason CHECK (
        reason IN ('malformed', 'invalid', 'unknown_tenant', 'too_large', 'gap', 'handler_failed')
    ),
    CONSTRAINT ck_held_event_error CHECK (length(error) <= 500)
);
CREATE UNIQUE INDEX uq_held_event_stream ON held_event (consumer, topic, aggregate, sequence);
CREATE UNIQUE INDEX uq_held_event_unreadable ON held_event (consumer, topic, partition, log_offset) WHERE aggregate IS NULL;
CREATE INDEX ix_held_event_dead ON held_event (consumer, id) WHERE state = 'dead';
CREATE INDEX ix_held_event_unreadable_due ON held_event (consumer, next_attempt_at) WHERE aggregate IS NULL AND state = 'retrying';
