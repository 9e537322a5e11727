-- Make the partitions of the coming days and drop those past the window. The service's role owns no table, so this
-- runs as the owner. Answers how many partitions it made and dropped. Locks out nobody for long: where a long
-- transaction is in the way it fails with lock_not_available, and the next run does it.
CREATE FUNCTION messaging_partitions(today date, days_ahead integer, outbox_days integer, inbox_days integer)
RETURNS TABLE (made integer, dropped integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    parent text;
    kept integer;
    day date;
    child text;
    sent int8multirange;
    unsent boolean;
BEGIN
    -- Whoever may not see the progress (the scope is not '*') drops nothing.
    SELECT int8multirange(int8range(NULL, position, '[]')) - gaps INTO sent FROM outbox_progress;
    made := 0;
    dropped := 0;
    FOR parent, kept IN VALUES ('outbox', outbox_days), ('inbox', inbox_days) LOOP
        FOR day IN SELECT today + number FROM generate_series(0, days_ahead) AS number LOOP
            child := parent || '_' || to_char(day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass('partitions.' || child) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    CASE parent
                        WHEN 'outbox' THEN 'CREATE TABLE partitions.%I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)'
                        ELSE 'CREATE TABLE partitions.%I PARTITION OF %I FOR VALUES FROM (date %L) TO (date %L)'
                    END,
                    child, parent,
                    CASE parent WHEN 'outbox' THEN day || ' 00:00:00+00' ELSE day::text END,
                    CASE parent WHEN 'outbox' THEN (day + 1) || ' 00:00:00+00' ELSE (day + 1)::text END
                );
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                -- Rows of that day are in the default partition already (upkeep did not run in time): they stay
                -- there until they are past the window, and are deleted then.
                NULL;
            END;
        END LOOP;
        FOR child IN
            SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = parent::regclass AND relname ~ '_\d{8}$'
              AND to_date(right(relname, 8), 'YYYYMMDD') < today - kept
        LOOP
            unsent := false;
            IF parent = 'outbox' THEN
                EXECUTE format('SELECT EXISTS (SELECT FROM partitions.%I WHERE position <@ $1 IS NOT TRUE)', child)
                INTO unsent USING sent;
            END IF;
            CONTINUE WHEN unsent;
            EXECUTE format('DROP TABLE partitions.%I', child);
            dropped := dropped + 1;
        END LOOP;
    END LOOP;
    RETURN NEXT;
END $$;
