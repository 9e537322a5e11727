-- What a service publishes. Partitions live in a schema that the service's role cannot enter, so that they are
-- reached through their table only, where row-level security applies.
CREATE SCHEMA IF NOT EXISTS partitions;

-- position: the order in which the relay sends; within one aggregate it agrees with the sequence. The transaction has
-- its number before it is given one: `outbox_progress` relies on it.
-- recorded_at: start of the recording transaction; the replay window and the partitions go by it.
-- time: the event's own time, which an import may set years back.
CREATE SEQUENCE outbox_position_seq;
CREATE TABLE outbox (
    position bigint NOT NULL
        DEFAULT CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('outbox_position_seq') END,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    id uuid NOT NULL,
    topic text NOT NULL,
    aggregate uuid NOT NULL,
    sequence bigint NOT NULL,
    tenant text NOT NULL DEFAULT current_setting('longxi.tenant', true),
    type text NOT NULL,
    time timestamptz NOT NULL,
    correlation uuid NOT NULL,
    causation uuid,
    traceparent text,
    dataschema text NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT ck_outbox_tenant CHECK (tenant NOT IN ('*', ''))
) PARTITION BY RANGE (recorded_at);

ALTER SEQUENCE outbox_position_seq OWNED BY outbox.position;

CREATE INDEX ix_outbox_aggregate ON outbox (aggregate, sequence);
CREATE INDEX ix_outbox_position ON outbox (position);  -- relay and replays walk along it
CREATE TABLE partitions.outbox_default PARTITION OF outbox DEFAULT;

-- How far the outbox has been sent, in the one row that there is: up to `position`, without the positions in `gaps`
-- (see shared.messaging.outbox_progress). Rows of the outbox are never changed: a mark on each would write it anew,
-- with an entry in every index, and leave the old one behind.
CREATE TABLE outbox_progress (
    single boolean NOT NULL DEFAULT true CONSTRAINT ck_outbox_progress_single CHECK (single),
    position bigint NOT NULL DEFAULT 0,
    gaps int8multirange NOT NULL DEFAULT '{}',
    CONSTRAINT pk_outbox_progress PRIMARY KEY (single)
);
INSERT INTO outbox_progress DEFAULT VALUES;

CREATE VIEW outbox_unsent WITH (security_invoker = true) AS
SELECT outbox.* FROM outbox_progress AS progress JOIN outbox ON outbox.position > progress.position
UNION ALL
SELECT outbox.* FROM outbox_progress AS progress, unnest(progress.gaps) AS gap
JOIN outbox ON outbox.position >= lower(gap) AND outbox.position < upper(gap);

-- The last sequence of each aggregate in each topic. Its row is locked until the recording transaction ends, so that
-- sequences have no gaps and follow the order of commits.
CREATE TABLE outbox_stream (
    aggregate uuid NOT NULL,
    topic text NOT NULL,
    tenant text NOT NULL DEFAULT current_setting('longxi.tenant', true),
    sequence bigint NOT NULL,
    CONSTRAINT pk_outbox_stream PRIMARY KEY (aggregate, topic)
) WITH (fillfactor = 80);

-- A request to send events again; the relay works through it. `position` is how far it is, `until` where it ends.
CREATE TABLE outbox_replay (
    id uuid NOT NULL,
    tenant text NOT NULL DEFAULT current_setting('longxi.tenant', true),
    requested_at timestamptz NOT NULL DEFAULT now(),
    from_time timestamptz,
    to_time timestamptz,
    topic text,
    type text,
    aggregate uuid,
    from_sequence bigint,
    to_sequence bigint,
    consumer text,
    position bigint NOT NULL,
    until bigint NOT NULL,
    sent bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    CONSTRAINT pk_outbox_replay PRIMARY KEY (id)
);

-- For a replay to one consumer: from which sequence on each stream is sent again.
CREATE TABLE outbox_replay_start (
    replay uuid NOT NULL CONSTRAINT fk_outbox_replay_start_replay_outbox_replay REFERENCES outbox_replay ON DELETE CASCADE,
    aggregate uuid NOT NULL,
    topic text NOT NULL,
    tenant text NOT NULL DEFAULT current_setting('longxi.tenant', true),
    sequence bigint NOT NULL,
    CONSTRAINT pk_outbox_replay_start PRIMARY KEY (replay, aggregate, topic)
);

CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', TG_TABLE_NAME);  -- delivered at commit, once a transaction and table
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();
CREATE TRIGGER outbox_notify AFTER INSERT ON outbox_replay FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify();

-- Record one event from within a statement; `shared.messaging.outbox.outbox_arguments` gives the arguments in this
-- order. Returns the event's sequence. Has to stand in the outermost SELECT of the statement (PostgreSQL does not run
-- a SELECT in a WITH that nothing reads), after the scope `longxi.tenant` was set.
CREATE FUNCTION outbox_record(
    event_id uuid, event_topic text, event_aggregate uuid, event_type text, event_time timestamptz,
    event_correlation uuid, event_causation uuid, event_traceparent text, event_dataschema text, event_data bytea
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    allotted bigint;
BEGIN
    INSERT INTO outbox_stream AS stream (aggregate, topic, sequence) VALUES (event_aggregate, event_topic, 1)
    ON CONFLICT (aggregate, topic) DO UPDATE SET sequence = stream.sequence + 1
    RETURNING stream.sequence INTO allotted;
    INSERT INTO outbox (id, topic, aggregate, sequence, type, time, correlation, causation, traceparent, dataschema, data)
    VALUES (event_id, event_topic, event_aggregate, allotted, event_type, coalesce(event_time, now()),
            event_correlation, event_causation, event_traceparent, event_dataschema, event_data);
    RETURN allotted;
END $$;
