"""Rows as a large server has them after years, written by PostgreSQL itself.

They are for the planner and for nobody's eyes; only what `given_items` made is read. A million of each table would take
a minute: the one that grows fastest has them, and of the others the planner is told so.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from meetserver.adapters.message_index import Keys
from meetserver.database import metadata
from tests.integration.http.given_items import Items

MANY: Final = 1_000_000
"""Entries of all rooms."""
SOME: Final = MANY // 50
"""Of everything else. Of most of it one person, one meeting or one room has a tenth."""

# What most rows are, a sweep has not come to yet; what is under way is one in a thousand.
ROWS: Final = """
INSERT INTO user_account (id, email, email_key, name, created_at)
    SELECT 'u' || i, 'u' || i || '@example.org', 'u' || i || '@example.org', 'Ben ' || i, ago(i)
    FROM generate_series(1, {some}) i;
INSERT INTO user_role (user_id, role, granted_by, granted_at)
    SELECT 'u' || i * 100, 'operator', '', ago(i) FROM generate_series(1, {some} / 100) i;
INSERT INTO auth_session (id, user_id, kind, created_at, last_used_at, expires_at, methods)
    SELECT 's' || i, 'u' || i % ({some} / 2), 'cookie', ago(i), ago(i), later(i), '[]'
    FROM generate_series(1, {some}) i;
INSERT INTO email_token (id, user_id, purpose, token_hash, expires_at)
    SELECT 't' || i, 'u' || i, 'verify', int4send(i), later(i) FROM generate_series(1, {some}) i;
INSERT INTO auth_challenge (id, purpose, user_id, secret_hash, sealed, expires_at)
    SELECT 'c' || i, 'factor', 'u' || i, int4send(i), '', later(i) FROM generate_series(1, {some}) i;
INSERT INTO recovery_code (user_id, code_hash, created_at)
    SELECT 'u' || i % ({some} / 10), int4send(i), ago(i) FROM generate_series(1, {some}) i;
INSERT INTO totp (user_id, secret, created_at) SELECT 'u' || i, '', ago(i) FROM generate_series(1, {some}) i;
INSERT INTO passkey (id, user_id, credential_id, public_key, name, created_at)
    SELECT 'p' || i, 'u' || i, int4send(i), '', '', ago(i) FROM generate_series(1, {some}) i;
INSERT INTO external_identity (id, user_id, provider, issuer, subject, created_at, last_used_at)
    SELECT 'e' || i, 'u' || i, 'sso', 'sso', i, ago(i), ago(i) FROM generate_series(1, {some}) i;
INSERT INTO known_place (user_id, place_hash, last_at)
    SELECT 'u' || i, int4send(i), ago(i) FROM generate_series(1, {some}) i;
INSERT INTO attempt (key, count, last_at, next_at)
    SELECT int4send(i), 1, ago(i), ago(i) FROM generate_series(1, {some}) i;
INSERT INTO erasure (id, user_id, requested_at, report)
    SELECT 'x' || i, 'x' || i, ago(i), '{{}}' FROM generate_series(1, {some}) i;
INSERT INTO idempotency_key (principal, route, key, body_hash, claimed_by, claimed_until, expires_at)
    SELECT 'user u' || i % ({some} / 10), 'r', i, '', '', ago(i), later(i) FROM generate_series(1, {some}) i;
INSERT INTO meeting (id, owner_id, title, settings, created_at, updated_at)
    SELECT 'm' || i, CASE WHEN i % 10 = 0 THEN '{user}' ELSE 'u' || i END, 'Weekly',
        CASE WHEN i % 100 = 0 THEN '{{"files_kept_days": 9, "retention_days": 9}}'::jsonb ELSE '{{}}' END,
        ago(i), ago(i)
    FROM generate_series(1, {some}) i;
INSERT INTO invitee (id, meeting_id, email, email_key, role, created_at)
    SELECT 'i' || i, CASE WHEN i % 10 = 0 THEN '{meeting_id}' ELSE 'm' || i END, '', 'u' || i || '@example.org',
        'viewer', ago(i)
    FROM generate_series(1, {some}) i;
INSERT INTO guest_link (id, meeting_id, role, secret_hash, secret, created_at, revoked_at)
    SELECT 'l' || i, CASE WHEN i % 10 = 0 THEN '{meeting_id}' ELSE 'm' || i END, 'viewer', int4send(i), '',
        ago(i), ago(i)
    FROM generate_series(1, {some}) i;
INSERT INTO room (id, meeting_id, created_at)
    SELECT 'r' || i, 'm' || i, ago(i) FROM generate_series(1, {some}) i;
INSERT INTO room_snapshot (room_id, seq, data) SELECT 'r' || i, 1, '' FROM generate_series(1, {some}) i;
INSERT INTO room_session
    (session, room_id, participant, token_hash, ticket, user_id, opened_at, joined_at, closed_at)
    SELECT 's' || i, CASE WHEN i % 10 = 0 THEN '{room}' ELSE 'r' || i END, 'p' || i, int4send(i), 't' || i,
        CASE WHEN i % 2000 = 5 THEN '{user}' ELSE 'u' || i END, ago(i), ago(i),
        CASE WHEN i % 5000 > 0 THEN ago(i) END
    FROM generate_series(1, {some}) i;
INSERT INTO room_event (room_id, seq, epoch, at, author, type, version, data)
    SELECT '{room}', i, 1, ago({many} - i), 'p', CASE WHEN i % 50 = 0 THEN 'chat.sent' ELSE 'whiteboard.applied' END, 1,
        substr(sha256(convert_to('{room}/' || i, 'UTF8') || decode('00', 'hex') || plain), 1, 16) || plain
    FROM generate_series(1000, {many} / 10) i, convert_to('{message}', 'UTF8') plain;
INSERT INTO room_event (room_id, seq, epoch, at, author, type, version, data, subject)
    SELECT 'other', i, 1, ago({many} - i), 'p', CASE WHEN i % 100 = 0 THEN 'chat.deleted' ELSE 'chat.edited' END, 1, '',
        i / 10
    FROM generate_series(1, {some}) i;
INSERT INTO message_text (room_id, seq, author, people, words)
    SELECT CASE WHEN i % 10 = 0 THEN '{room}' ELSE 'r' || i END, 1000 + i * 5, 'p', '',
        CASE WHEN i % 1000 = 0 THEN $${words} {rare}$$ WHEN i % 10 = 0 THEN $${words}$$ ELSE 'r' || i END::tsvector
    FROM generate_series(1, {some}) i;
INSERT INTO message_cursor (room_id, until) SELECT 'r' || i, i FROM generate_series(1, {some}) i;
INSERT INTO room_mark (room_id, person, delivered, read)
    SELECT CASE WHEN i % 100 = 0 THEN '{room}' ELSE 'r' || i END, 'u' || i, i, i FROM generate_series(1, {some}) i;
INSERT INTO room_event (room_id, seq, epoch, at, author, type, version, data)
    SELECT 'other' || i / 1000, i, 1, ago({many} - i), 'p', 'whiteboard.applied', 1, ''
    FROM generate_series(1, {many} / 10 * 9) i;
INSERT INTO file_content (id, owner_id, digest, size_bytes, parts, thumbnails, key, created_at, doomed_at)
    SELECT 'f' || i, 'u' || i, int4send(i), 1, '[]', '[]', '', ago(i), CASE WHEN i % 1000 = 0 THEN ago(i) END
    FROM generate_series(1, {some}) i;
INSERT INTO file
    (id, content_id, meeting_id, owner_id, uploader, name, media_type, size_bytes, created_at, deleted_at, by_message)
    SELECT 'f' || i, 'f' || i, CASE WHEN i % 100 = 0 THEN '{meeting_id}' ELSE 'm' || i END,
        CASE WHEN i % 1000 = 0 THEN '{user}' ELSE 'u' || i END, 'u' || i, '', '', 1, ago(i),
        CASE WHEN i % 1000 = 0 THEN ago(i) END, i % 7 = 0
    FROM generate_series(1, {some}) i;
INSERT INTO file_message (file_id, room_id, author, txn)
    SELECT 'f' || i, 'r' || i, 'p' || i, 't' || i FROM generate_series(1, {some}) i;
INSERT INTO file_usage_of_owner (id, files, bytes) SELECT 'u' || i, i, i FROM generate_series(1, {some}) i;
INSERT INTO file_usage_of_meeting (id, files, bytes) SELECT 'm' || i, i, i FROM generate_series(1, {some}) i;
INSERT INTO file_upload
    (id, meeting_id, owner_id, uploader, name, media_type, offset_bytes, parts, key, created_at, expires_at, direct)
    SELECT 'f' || i, 'm' || i, 'u' || i, 'u' || i, '', '', 0, '[]', '', ago(i), later(i),
        CASE WHEN i % 1000 = 0 THEN 'taking_in' END
    FROM generate_series(1, {some}) i;
INSERT INTO security_event
    (seq, at, type, actor, subject, address, user_agent, request_id, data, previous, hash)
    SELECT 1000 + i, ago({some} - i), CASE WHEN i % 1000 = 0 THEN 'password.changed' ELSE 'session.opened' END,
        'u' || i / 100, 'u' || i / 100, '::1', '', '', '{{}}', '', ''
    FROM generate_series(1, {some}) i;
INSERT INTO job (id, kind, payload, state, run_at, max_attempts, created_at, finished_at, leased_by, lease_until)
    SELECT 'j' || i, 'accounts.mail_request', '1', state, ago(i), 9, ago(i), CASE state WHEN 'done' THEN ago(i) END,
        CASE state WHEN 'running' THEN 'one/1' END, CASE state WHEN 'running' THEN ago(i) END
    FROM generate_series(1, {some}) i,
        LATERAL (SELECT CASE i % 1000 WHEN 0 THEN 'waiting' WHEN 1 THEN 'running' ELSE 'done' END AS state);
INSERT INTO job_run (id, job_id, attempt, runner, started_at, finished_at, outcome)
    SELECT 'a' || i, 'j' || i, 1, 'one', ago(i), ago(i), 'ok' FROM generate_series(1, {some}) i;
INSERT INTO outbox (id, kind, payload, state, created_at, due_at, finished_at)
    SELECT 'o' || i, 'mail', CASE state WHEN 'sent' THEN NULL ELSE ''::bytea END, state, ago(i), ago(i), ago(i)
    FROM generate_series(1, {some}) i,
        LATERAL (SELECT CASE i % 1000 WHEN 0 THEN 'waiting' WHEN 1 THEN 'dead' ELSE 'sent' END AS state);
UPDATE room SET last_seq = 2000000 WHERE id = '{room}'
"""

# A second apart: a million are eleven days. Foreign keys are right, and need not be looked up for each row.
FILL: Final = """
SET LOCAL session_replication_role = replica;
CREATE FUNCTION pg_temp.ago(i bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    RETURN timestamptz '{now}' - i * interval '1 second';
CREATE FUNCTION pg_temp.later(i bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    RETURN timestamptz '{now}' + i * interval '1 second';
{rows};
"""

MESSAGE: Final = '{"message_id":"m","name":"Ann","text":"Ann"}'


def filling(given: Items, now: datetime) -> str:
    """The SQL that adds them around what was given, all of it past at `now`."""
    around = {"user": given.user, "room": given.room, "meeting_id": given.parts["meeting_id"]}
    keys = Keys(given.room)
    ann, rare, all_ = *keys.words(("ann", "rare")), *keys.people(None)
    around |= {"words": f"'{ann}':1 '{all_}'", "rare": f"'{rare}':2"}
    rows = ROWS.format(message=MESSAGE, many=MANY, some=SOME, **around)
    rows = rows.replace("ago(", "pg_temp.ago(").replace("later(", "pg_temp.later(")
    return FILL.format(now=now.isoformat(), rows=rows)


def telling(small: Collection[str]) -> str:
    """The SQL that has the planner count, and take the others for as big as they would be. What the server itself does
    from time to time would undo that."""
    names = [table.name for table in metadata.sorted_tables]
    others = ", ".join(f"'{name}'" for name in names if name not in {"room_event", *small})
    never = [f"ALTER TABLE {name} SET (autovacuum_enabled = off)" for name in names]
    told = f"UPDATE pg_class SET reltuples = reltuples * {MANY // SOME} WHERE relname IN ({others})"
    return "; ".join([*never, "ANALYZE", told])
