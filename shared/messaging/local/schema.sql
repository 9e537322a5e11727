-- The local event log. Run whole under a lock by schema.py; every statement may be run again.
CREATE SCHEMA IF NOT EXISTS event_log;
SET LOCAL search_path = event_log;

CREATE TABLE IF NOT EXISTS topic (
    name text PRIMARY KEY,
    partitions integer NOT NULL CHECK (partitions > 0)
);

CREATE TABLE IF NOT EXISTS partition (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL REFERENCES topic,
    number integer NOT NULL,
    first_offset bigint NOT NULL DEFAULT 0,   -- the oldest record that trimming left
    next_offset bigint NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
) WITH (fillfactor = 50);                     -- next_offset changes at each publish: updates stay on the page

CREATE TABLE IF NOT EXISTS record (
    partition_id integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea NOT NULL,
    headers bytea NOT NULL,
    stored_at timestamptz NOT NULL,
    PRIMARY KEY (partition_id, "offset")
);

CREATE TABLE IF NOT EXISTS consumer_group (
    name text PRIMARY KEY,
    generation bigint NOT NULL DEFAULT 0      -- never goes back, so an old token never becomes true again
);

CREATE TABLE IF NOT EXISTS committed (
    group_name text NOT NULL,
    partition_id integer NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (group_name, partition_id)
) WITH (fillfactor = 50);

-- Members live as long as their sessions. Nothing here need survive a crash of the server, so nothing is written ahead.
CREATE UNLOGGED TABLE IF NOT EXISTS member (
    id uuid PRIMARY KEY,
    number integer GENERATED ALWAYS AS IDENTITY,  -- of the advisory lock that its session holds
    group_name text NOT NULL,
    topics text[] NOT NULL,
    session_timeout interval NOT NULL,
    heard_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS member_group ON member (group_name);

CREATE UNLOGGED TABLE IF NOT EXISTS ownership (
    group_name text NOT NULL,
    partition_id integer NOT NULL,
    member uuid NOT NULL,
    token bigint NOT NULL,                    -- the generation in which the member got it; a commit must name it
    next_member uuid,                         -- who gets it when the member has finished its batch …
    deadline timestamptz,                     -- … or at this time
    PRIMARY KEY (group_name, partition_id)
);

-- 5196 is this log's first key among advisory locks; the second is the member's number.
CREATE OR REPLACE FUNCTION is_alive(one member) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT one.heard_at + one.session_timeout > clock_timestamp() AND EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = 5196 AND objid = one.number::oid AND objsubid = 2 AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
$$;

-- Offsets are allotted under the lock of the partition's row, which is held until the commit. So whoever sees an offset
-- sees all before it, and reading on from a remembered offset skips nothing. Locks are taken in one order by all.
CREATE OR REPLACE FUNCTION publish(partition_ids integer[], keys bytea[], contents bytea[], headers bytea[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    stored bigint;
BEGIN
    PERFORM FROM event_log.partition WHERE id = ANY (partition_ids) ORDER BY id FOR UPDATE;
    INSERT INTO event_log.record (partition_id, "offset", key, value, headers, stored_at)
    SELECT new.partition_id,
           p.next_offset + row_number() OVER (PARTITION BY new.partition_id ORDER BY new.place) - 1,
           new.key, new.content, new.header, clock_timestamp()
    FROM unnest(partition_ids, keys, contents, headers) WITH ORDINALITY
             AS new (partition_id, key, content, header, place)
    JOIN event_log.partition p ON p.id = new.partition_id;
    GET DIAGNOSTICS stored = ROW_COUNT;
    IF stored <> cardinality(partition_ids) THEN
        RAISE EXCEPTION 'a partition of the batch does not exist';
    END IF;
    UPDATE event_log.partition p SET next_offset = p.next_offset + new.records
    FROM (SELECT id, count(*) AS records FROM unnest(partition_ids) AS id GROUP BY id) new
    WHERE p.id = new.id;
    PERFORM pg_notify('event_log', 'topic:' || topic)
    FROM (SELECT DISTINCT topic FROM event_log.partition WHERE id = ANY (partition_ids)) told;
END
$$;

-- Whether the offsets were noted; none is unless every partition is still the member's by the token it names.
CREATE OR REPLACE FUNCTION commit_offsets(
    of_group text, of_member uuid, partition_ids integer[], tokens bigint[], offsets bigint[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    theirs bigint;
BEGIN
    -- Partitions change hands under the exclusive lock of this row.
    PERFORM FROM event_log.consumer_group WHERE name = of_group FOR SHARE;
    SELECT count(*) INTO theirs
    FROM unnest(partition_ids, tokens) AS named (partition_id, token)
    JOIN event_log.ownership o USING (partition_id, token)
    WHERE o.group_name = of_group AND o.member = of_member;
    IF theirs <> cardinality(partition_ids) THEN
        RETURN false;
    END IF;
    INSERT INTO event_log.committed (group_name, partition_id, "offset")
    SELECT of_group, named.partition_id, named."offset"
    FROM unnest(partition_ids, offsets) AS named (partition_id, "offset")
    ON CONFLICT (group_name, partition_id) DO UPDATE SET "offset" = excluded."offset";
    RETURN true;
END
$$;
