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

-- Note a batch as taken and read its streams, in one round trip and the scope '*'; leaves the scope `next_scope`.
-- fresh: the ids that were not taken before. The other columns have one element for each stream there is a row of, with
-- its place (from 1) in `topics` and `aggregates`.
-- The insert waits for another member that has taken the same ids, and the streams are read after that: each statement
-- of a volatile function sees what was committed before it.
-- Blocked streams are locked, and read again: the loop of held events works on them at any time, and what it changed
-- after we had read would cost the whole batch. It passes over what is locked, so neither waits for the other in a ring.
CREATE FUNCTION inbox_take(
    consumer_name text, ids uuid[], days integer[], topics text[], aggregates uuid[], next_scope text,
    OUT fresh uuid[], OUT places integer[], OUT sequences bigint[], OUT highests bigint[], OUT replays uuid[],
    OUT heads bigint[], OUT versions bigint[]
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('longxi.tenant', '*', true);
    WITH taken AS (
        INSERT INTO inbox (id, consumer, day)
        SELECT event.id, consumer_name, date '1970-01-01' + event.day FROM unnest(ids, days) AS event (id, day)
        ON CONFLICT DO NOTHING RETURNING inbox.id
    )
    SELECT coalesce(array_agg(taken.id), '{}') INTO fresh FROM taken;
    SELECT * FROM inbox_streams(consumer_name, topics, aggregates)
    INTO places, sequences, highests, replays, heads, versions;
    IF num_nonnulls(VARIADIC heads) > 0 THEN
        PERFORM inbox_lock_blocked(
            consumer_name,
            ARRAY(SELECT topics[place] FROM unnest(places, heads) AS row (place, head) WHERE head IS NOT NULL),
            ARRAY(SELECT aggregates[place] FROM unnest(places, heads) AS row (place, head) WHERE head IS NOT NULL)
        );
        SELECT * FROM inbox_streams(consumer_name, topics, aggregates)
        INTO places, sequences, highests, replays, heads, versions;
    END IF;
    PERFORM set_config('longxi.tenant', next_scope, true);
END $$;

-- One look at the primary key for each stream, by force: the planner believes that row-level security leaves one row in
-- two hundred, would rather walk the whole table, and keeps such a plan while the table grows.
CREATE FUNCTION inbox_streams(
    consumer_name text, topics text[], aggregates uuid[],
    OUT places integer[], OUT sequences bigint[], OUT highests bigint[], OUT replays uuid[], OUT heads bigint[],
    OUT versions bigint[]
)
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    SELECT coalesce(array_agg(wanted.place::integer), '{}'), coalesce(array_agg(stream.sequence), '{}'),
           coalesce(array_agg(stream.highest), '{}'), coalesce(array_agg(stream.replay), '{}'),
           coalesce(array_agg(stream.head), '{}'), coalesce(array_agg(stream.version), '{}')
    INTO places, sequences, highests, replays, heads, versions
    FROM unnest(topics, aggregates) WITH ORDINALITY AS wanted (topic, aggregate, place)
    CROSS JOIN LATERAL (
        SELECT * FROM inbox_stream
        WHERE inbox_stream.aggregate = wanted.aggregate AND inbox_stream.topic = wanted.topic
          AND inbox_stream.consumer = consumer_name
        LIMIT 1
    ) AS stream;
END $$;

CREATE FUNCTION inbox_lock_blocked(consumer_name text, topics text[], aggregates uuid[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM stream.version
    FROM (SELECT * FROM unnest(topics, aggregates) AS given (topic, aggregate) ORDER BY aggregate, topic) AS wanted
    CROSS JOIN LATERAL (
        SELECT inbox_stream.version FROM inbox_stream
        WHERE inbox_stream.aggregate = wanted.aggregate AND inbox_stream.topic = wanted.topic
          AND inbox_stream.consumer = consumer_name
        LIMIT 1 FOR UPDATE
    ) AS stream;
END $$;

-- Store how these streams changed, in the scope '*', which it leaves. Answers how many were still as they had been read;
-- `versions` are the new ones. A `due_at` that is null leaves what is stored.
CREATE FUNCTION inbox_save(
    consumer_name text, aggregates uuid[], topics text[], sequences bigint[], highests bigint[], replays uuid[],
    heads bigint[], due_ats timestamptz[], versions bigint[]
)
RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    written integer;
BEGIN
    PERFORM set_config('longxi.tenant', '*', true);
    INSERT INTO inbox_stream AS stream (consumer, aggregate, topic, sequence, highest, replay, head, due_at, version)
    SELECT consumer_name, changed.* FROM unnest(
        aggregates, topics, sequences, highests, replays, heads, due_ats, versions
    ) AS changed (aggregate, topic, sequence, highest, replay, head, due_at, version)
    ORDER BY changed.aggregate, changed.topic
    ON CONFLICT (aggregate, topic, consumer) DO UPDATE
    SET sequence = excluded.sequence, highest = excluded.highest, replay = excluded.replay, head = excluded.head,
        due_at = coalesce(excluded.due_at, stream.due_at), version = excluded.version
    WHERE stream.version = excluded.version - 1;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
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
