INSERT INTO known_request (tenant, id, resident, reference, category, urgency, due, due_provisional, history)
SELECT 'longxi', bench.id('request', n), bench.resident(n), reference, bench.category(n), 'normal',
       bench.at(n) + interval '7 days', false, false
FROM bench.reference;
-- next
INSERT INTO case_holder (tenant, request, worker, sequence)
SELECT 'longxi', bench.id('request', n), bench.worker(n), 4 FROM generate_series(1, ${requests}) AS n;
-- next
-- What is older than the last messages has been read.
INSERT INTO message (
    tenant, id, event_id, event, correlation, about, recipient, recipient_kind, template, template_version, facts, state,
    channel, attempts, created, expires, finished, read
)
SELECT 'longxi', bench.id('message' || place, n), bench.id('event' || place, n), event, bench.id('event', n),
       bench.id('request', n), CASE kind WHEN 'worker' THEN bench.worker(n) ELSE bench.resident(n) END, kind, template, 1,
       jsonb_build_object('due', bench.at(n) + interval '7 days', 'reference', reference), 'delivered', 'inapp', 1,
       bench.at(n) + after, bench.at(n) + after + interval '3 days', bench.at(n) + after + interval '1 second',
       CASE WHEN NOT bench.open(n) THEN bench.at(n) + interval '1 day' END
FROM bench.reference, (VALUES
    (1, interval '1 minute', 'worker.assigned', 'worker', 'case.assigned'),
    (2, '1 minute', 'worker.assigned', 'resident', 'request.assigned'),
    (3, '1 minute', 'request.filed', 'resident', 'request.filed'),
    (4, '3 days', 'request.closed', 'resident', 'request.closed')
) AS telling (place, after, event, kind, template)
WHERE place < 4 OR NOT bench.open(n);
-- next
INSERT INTO outbox_stream (aggregate, topic, tenant, sequence)
SELECT bench.id('message' || place, n), 'notifications.events', 'longxi', 1
FROM generate_series(1, ${requests}) AS n, generate_series(1, 4) AS place;
-- next
INSERT INTO inbox_stream (aggregate, topic, consumer, sequence, highest, version)
SELECT bench.id('request', n), 'intake.events', 'notifications', 10, 10, 10 FROM generate_series(1, ${requests}) AS n;
