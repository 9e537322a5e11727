INSERT INTO "case" (
    tenant, id, resident, reference, category, urgency, channel, grid, filed_at, due, due_provisional, state, worker,
    round, effort_minutes, spent_minutes, result, ending, assigned_at, signed_at, submitted_at, ended_at, version
)
SELECT 'longxi', bench.id('request', n), bench.resident(n), reference, bench.category(n), 'normal', 'web', bench.grid(n),
       bench.at(n), bench.at(n) + interval '7 days', false,
       CASE WHEN bench.open(n) THEN 'working' ELSE 'closed' END, bench.worker(n), 1, 60,
       CASE WHEN NOT bench.open(n) THEN 60 END, CASE WHEN NOT bench.open(n) THEN 'resolved' END,
       CASE WHEN NOT bench.open(n) THEN 'closed' END, bench.at(n) + interval '1 minute', bench.at(n) + interval '1 hour',
       CASE WHEN NOT bench.open(n) THEN bench.at(n) + interval '2 days' END,
       CASE WHEN NOT bench.open(n) THEN bench.at(n) + interval '3 days' END, 5
FROM bench.reference;
-- next
INSERT INTO case_entry (tenant, "case", at, what, state, worker, actor, detail)
SELECT 'longxi', bench.id('request', n), bench.at(n) + after, what, state, bench.worker(n), actor, detail::jsonb
FROM generate_series(1, ${requests}) AS n, (VALUES
    (interval '0', 'filed', 'open', 'intake', '{"urgency": "normal", "category": "01"}', true),
    ('1 minute', 'assigned', 'open', 'system', '{"round": 1}', true),
    ('1 hour', 'accepted', 'accepted', 'worker-1', '{}', true),
    ('2 hours', 'started', 'working', 'worker-1', '{}', true),
    ('2 days', 'submitted', 'submitted', 'worker-1', '{"result": "resolved", "minutes": 60}', false),
    ('3 days', 'ended', 'closed', 'intake', '{"ending": "closed"}', false)
) AS step (after, what, state, actor, detail, always)
WHERE always OR NOT bench.open(n);
-- next
INSERT INTO assignment_decision (
    tenant, id, "case", round, at, trigger, worker, reasons, candidates, category, effort_minutes, load_before, load_after,
    tolerance_minutes, cap_factor, policy, decided_by, skill_gap
)
SELECT 'longxi', bench.id('decision', n), bench.id('request', n), 1, bench.at(n) + interval '1 minute', 'filed',
       bench.worker(n), '{least_loaded}', candidates, bench.category(n), 60, 600, 660, 120, 1.2, '2026-01', 'policy',
       CASE WHEN n % 50 = 0 THEN bench.category(n) END
FROM generate_series(1, ${requests}) AS n, (
    SELECT jsonb_agg(jsonb_build_object('worker', bench.worker(m), 'load', 600, 'weekly', 2400, 'out', NULL)) AS candidates
    FROM generate_series(1, 8) AS m
) AS considered;
-- next
UPDATE worker SET open_cases = held.cases, open_minutes = 60 * held.cases
FROM (SELECT worker, count(*) AS cases FROM "case" WHERE state = 'working' GROUP BY worker) AS held
WHERE worker.id = held.worker;
-- next
INSERT INTO outbox_stream (aggregate, topic, tenant, sequence)
SELECT bench.id('request', n), 'casework.events', 'longxi', 4 FROM generate_series(1, ${requests}) AS n;
-- next
INSERT INTO inbox_stream (aggregate, topic, consumer, sequence, highest, version)
SELECT bench.id('request', n), 'intake.events', 'casework', 10, 10, 10 FROM generate_series(1, ${requests}) AS n;
