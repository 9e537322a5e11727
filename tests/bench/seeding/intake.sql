-- One request in five came by an import. The oldest of those that are open are late, and marked so.
INSERT INTO request (
    tenant, id, reference, resident, category, urgency, channel, grid, place, prefers_same_gender, filed, source,
    external_id, history, version, state, handle_started, handle_due, handle_provisional, handle_open, handle_overdue,
    accepted, dispatched, handled, closed, worker, returns, head_decides, reworks, reopenings, outcome, within_limit,
    working_minutes, responded, resolved, satisfied, excluded
)
SELECT
    'longxi', bench.id('request', n), reference, bench.resident(n), bench.category(n), 'normal',
    CASE WHEN n % 5 = 0 THEN 'import' ELSE 'web' END, bench.grid(n), '龙溪花园' || n % 50 || '栋', false, bench.at(n),
    CASE WHEN n % 5 = 0 THEN 'hotline-' || n / ${block} END, CASE WHEN n % 5 = 0 THEN n::text END, false, 6,
    CASE WHEN bench.open(n) THEN 'in_progress' ELSE 'rated' END, bench.at(n), bench.at(n) + interval '7 days',
    false, bench.open(n), CASE WHEN bench.open(n) AND n <= ${requests} - ${open} + ${late} THEN bench.at(n) + interval '7 days' END,
    bench.at(n) + interval '1 minute', bench.at(n) + interval '1 minute',
    CASE WHEN NOT bench.open(n) THEN bench.at(n) + interval '2 days' END,
    CASE WHEN NOT bench.open(n) THEN bench.at(n) + interval '3 days' END, bench.worker(n), 0, false, 0, 0,
    CASE WHEN NOT bench.open(n) THEN 'resolved' END, CASE WHEN NOT bench.open(n) THEN true END,
    CASE WHEN NOT bench.open(n) THEN 60 END, over, over, over, CASE WHEN over THEN false END
FROM bench.reference, LATERAL (SELECT CASE WHEN NOT bench.open(n) THEN true END AS over) AS ending;
-- next
INSERT INTO request_story (tenant, request, at, entry, from_state, to_state, role, actor)
SELECT 'longxi', bench.id('request', n), bench.at(n) + after, entry, from_state, to_state, role, actor
FROM generate_series(1, ${requests}) AS n, (VALUES
    (interval '0', 'filed', NULL, 'filed', 'portal', 'portal-1', true),
    ('1 minute', 'accept', 'filed', 'accepted', 'service', 'intake', true),
    ('1 minute', 'dispatch', 'accepted', 'dispatched', 'service', 'casework', true),
    ('1 hour', 'start', 'dispatched', 'in_progress', 'service', 'casework', true),
    ('2 days', 'submit', 'in_progress', 'handled', 'service', 'casework', false),
    ('60 hours', 'verify', 'handled', 'verified', 'head', 'head-1', false),
    ('3 days', 'close', 'verified', 'closed', 'head', 'head-1', false),
    ('4 days', 'rate', 'closed', 'rated', 'worker', 'worker-1', false)
) AS step (after, entry, from_state, to_state, role, actor, always)
WHERE always OR NOT bench.open(n);
-- next
INSERT INTO request_telling (tenant, message, request, event, recipient, recipient_kind, channel, template, state, at)
SELECT 'longxi', bench.id('message' || place, n), bench.id('request', n), event,
       CASE kind WHEN 'worker' THEN bench.worker(n) ELSE bench.resident(n) END, kind, 'inapp', template, 'delivered',
       bench.at(n) + after
FROM generate_series(1, ${requests}) AS n, (VALUES
    (1, interval '1 minute', 'worker.assigned', 'worker', 'case.assigned'),
    (2, '1 minute', 'worker.assigned', 'resident', 'request.assigned'),
    (3, '1 minute', 'request.filed', 'resident', 'request.filed'),
    (4, '3 days', 'request.closed', 'resident', 'request.closed')
) AS telling (place, after, event, kind, template)
WHERE place < 4 OR NOT bench.open(n);
-- next
INSERT INTO personal_read (tenant, resident, reader_role, reader, purpose, fields, request, at)
SELECT 'longxi', bench.resident(n), 'worker', 'worker-1', 'handle_request', '{request.subject,request.body}',
       bench.id('request', n), bench.at(n) + interval '1 hour'
FROM generate_series(1, ${requests}) AS n;
-- next
INSERT INTO outbox_stream (aggregate, topic, tenant, sequence)
SELECT bench.id('request', n), 'intake.events', 'longxi', 10 FROM generate_series(1, ${requests}) AS n;
-- next
INSERT INTO inbox_stream (aggregate, topic, consumer, sequence, highest, version)
SELECT bench.id('request', n), 'casework.events', 'intake', 4, 4, 4 FROM generate_series(1, ${requests}) AS n;
