-- What a growing past asks for, since version 0002 of each service.

-- A replay of a range of time reads the pages of that time, not the whole day. Rows lie in the order of recording.
CREATE INDEX ix_outbox_recorded_at ON outbox USING brin (recorded_at) WITH (pages_per_range = 16, autosummarize = on);
-- How many streams are blocked is asked every few seconds, and nearly none is.
CREATE INDEX ix_inbox_stream_blocked ON inbox_stream (consumer) WHERE head IS NOT NULL;

-- What is recorded and not published: how many, and the age of the oldest in seconds (null where there is none).
-- Step by step, so that the planner knows each position: it takes "behind the one in that table" for a third of all
-- events, and would read every one.
CREATE FUNCTION outbox_backlog(OUT unsent bigint, OUT oldest double precision) LANGUAGE plpgsql STABLE AS $$
DECLARE
    sent bigint;
    gaps int8multirange;
    late bigint;
    since timestamptz;
    late_since timestamptz;
BEGIN
    SELECT progress.position, progress.gaps INTO sent, gaps FROM outbox_progress AS progress;
    SELECT count(*), min(recorded_at) INTO unsent, since FROM outbox WHERE position > sent;
    IF NOT isempty(gaps) THEN
        SELECT count(*), min(event.recorded_at) INTO late, late_since
        FROM unnest(gaps) AS gap CROSS JOIN LATERAL (
            SELECT recorded_at FROM outbox WHERE position >= lower(gap) AND position < upper(gap) OFFSET 0
        ) AS event;
        unsent := unsent + late;
        since := least(since, late_since);
    END IF;
    oldest := extract(epoch FROM now() - since);
END $$;

DROP FUNCTION messaging_partitions(date, integer, integer, integer);

-- Upkeep of the partitions. The service's role owns no table, so these run as the owner. Each call is one short piece of
-- work, to be committed before the next, and waits at most a tenth of a second for a lock: whoever reads or writes
-- meanwhile queues behind it. Where a long transaction is in the way it fails with lock_not_available.

-- Make the partitions from today on for so many days more; answers how many were missing. Attaching, unlike making a
-- partition in place, goes on beside transactions that write, however long they take.
CREATE FUNCTION messaging_make_partitions(today date, days_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    parent text;
    day date;
    child text;
    made integer := 0;
BEGIN
    FOR parent, day IN
        SELECT name, today + number
        FROM unnest(ARRAY['outbox', 'inbox']) AS name, generate_series(0, days_ahead) AS number
    LOOP
        child := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('partitions.' || child) IS NOT NULL;
        BEGIN
            EXECUTE format(
                'CREATE TABLE partitions.%I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
                child, parent
            );
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION partitions.%I FOR VALUES FROM (%L) TO (%L)',
                parent, child,
                CASE parent WHEN 'outbox' THEN day || ' 00:00:00+00' ELSE day::text END,
                CASE parent WHEN 'outbox' THEN (day + 1) || ' 00:00:00+00' ELSE (day + 1)::text END
            );
            made := made + 1;
        EXCEPTION WHEN check_violation THEN
            -- Rows of that day are in the default partition already (upkeep did not run in time): they stay there
            -- until they are past the window, and are deleted then.
            NULL;
        END;
    END LOOP;
    RETURN made;
END $$;

-- Drop the oldest partition that is past its window, unless something in it is unsent; answers its name, or null when
-- none is due.
CREATE FUNCTION messaging_drop_partition(today date, outbox_days integer, inbox_days integer) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    child text;
    sent bigint;
    gaps int8multirange;
    unsent boolean;
BEGIN
    SELECT progress.position, progress.gaps INTO sent, gaps FROM outbox_progress AS progress;
    FOR child IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent IN ('outbox'::regclass, 'inbox'::regclass) AND relname ~ '_\d{8}$'
          AND to_date(right(relname, 8), 'YYYYMMDD')
              < today - CASE inhparent WHEN 'outbox'::regclass THEN outbox_days ELSE inbox_days END
        ORDER BY right(relname, 8), relname
    LOOP
        unsent := false;
        IF child LIKE 'outbox%' THEN
            -- Whoever may not see the progress (the scope is not '*') has sent nothing.
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM partitions.%1$I WHERE position > coalesce($1, 0)) OR EXISTS ('
                    'SELECT FROM unnest($2) AS gap JOIN partitions.%1$I ON position >= lower(gap) AND position < upper(gap)'
                ')', child
            ) INTO unsent USING sent, gaps;
        END IF;
        IF NOT unsent THEN
            EXECUTE format('DROP TABLE partitions.%I', child);
            RETURN child;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Delete what is past its window of the days that had no partition of their own. Rows of a day that is kept for an
-- unsent event stay until that day is dropped as a whole.
CREATE FUNCTION messaging_trim_default(today date, outbox_days integer, inbox_days integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM partitions.outbox_default AS event USING outbox_progress AS progress
    WHERE recorded_at < (today - outbox_days)::timestamp AT TIME ZONE 'UTC'
      AND event.position <= progress.position AND NOT event.position <@ progress.gaps;
    DELETE FROM partitions.inbox_default WHERE day < today - inbox_days;
$$;
