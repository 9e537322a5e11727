-- Ids and times that follow from a number, so that the databases of all services agree without asking each other.
CREATE SCHEMA bench;
CREATE FUNCTION bench.ms(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ${start_ms} + n * ${span_ms} / ${requests};
CREATE FUNCTION bench.at(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_timestamp(bench.ms(n)::float8 / 1000);
-- A UUID of version 7, of the time of the n-th request.
CREATE FUNCTION bench.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN overlay(overlay(md5(kind || n) PLACING lpad(to_hex(bench.ms(n)), 12, '0') || '7' FROM 1) PLACING '8' FROM 17)::uuid;
-- The resident of the n-th request.
CREATE FUNCTION bench.resident(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN bench.id('resident', n % ${residents});
CREATE FUNCTION bench.worker(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('${workers}'::uuid[])[1 + n % ${worker_count}];
CREATE FUNCTION bench.grid(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('${grids}'::uuid[])[1 + n % ${grid_count}];
CREATE FUNCTION bench.category(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lpad((1 + n % 7)::text, 2, '0');
-- The last requests are still open; everything before is over.
CREATE FUNCTION bench.open(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN n > ${requests} - ${open};
CREATE UNLOGGED TABLE bench.reference (n bigint NOT NULL, reference text NOT NULL);
