"""The ledger's tables, and how an older ledger takes the steps to the current ones."""

from __future__ import annotations

import secrets
import sqlite3  # noqa: TID253 - imported when a ledger is opened
from collections.abc import Sequence

APPLICATION_ID = 0x7177636C
"""Marks the file as a ledger (`qwcl`), so that another program's database is never written to."""

Migration = tuple[str, ...]

_FIRST: Migration = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY, command TEXT NOT NULL, dataset TEXT, dataset_digest TEXT, config_digest TEXT,
        config TEXT NOT NULL, started_at DOUBLE PRECISION NOT NULL, ended_at DOUBLE PRECISION, state TEXT NOT NULL,
        simulated INTEGER NOT NULL, cases BIGINT, lag DOUBLE PRECISION)""",
    # `answered` is the attempt whose outcome is the call's; until the call ends, the one sent last.
    """CREATE TABLE calls (
        id TEXT PRIMARY KEY, run TEXT, kind TEXT NOT NULL, asked TEXT NOT NULL, route TEXT, simulated INTEGER NOT NULL,
        dataset TEXT, case_id TEXT, case_row BIGINT, epoch INTEGER NOT NULL, lang TEXT,
        started_at DOUBLE PRECISION NOT NULL, state TEXT NOT NULL, answered TEXT NOT NULL,
        complete INTEGER, fault_kind TEXT, verdict TEXT, signal TEXT, rule TEXT, words TEXT, hedged INTEGER,
        grader TEXT, score DOUBLE PRECISION, threshold DOUBLE PRECISION, closed INTEGER, found TEXT, reason TEXT,
        queue DOUBLE PRECISION, connect DOUBLE PRECISION, first_token DOUBLE PRECISION,
        first_answer DOUBLE PRECISION, total DOUBLE PRECISION)""",
    "CREATE INDEX calls_by_run ON calls (run, asked)",
    "CREATE INDEX calls_by_start ON calls (started_at)",
    "CREATE TABLE tags (call TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (call, tag))",
    # Texts stand apart, so that sums read none of them.
    "CREATE TABLE prompts (call TEXT PRIMARY KEY, messages TEXT NOT NULL, expected TEXT)",
    """CREATE TABLE attempts (
        id TEXT PRIMARY KEY, call TEXT NOT NULL, number INTEGER NOT NULL, target TEXT NOT NULL,
        simulated INTEGER NOT NULL, provider TEXT NOT NULL, region TEXT, model TEXT NOT NULL, dialect TEXT NOT NULL,
        reason TEXT NOT NULL, state TEXT NOT NULL, sent_at DOUBLE PRECISION NOT NULL, waited DOUBLE PRECISION NOT NULL,
        cost BIGINT, currency TEXT, basis TEXT, book TEXT, since TEXT, why_unknown TEXT, streamed INTEGER,
        queue DOUBLE PRECISION, connect DOUBLE PRECISION, first_token DOUBLE PRECISION,
        first_answer DOUBLE PRECISION, total DOUBLE PRECISION,
        usage_input BIGINT, usage_cache_read BIGINT, usage_cache_write BIGINT, usage_output BIGINT,
        usage_reasoning BIGINT, usage_source TEXT,
        finish TEXT, finish_raw TEXT, fault_kind TEXT, fault_message TEXT, fault_status INTEGER, fault_code TEXT,
        fault_type TEXT, retryable INTEGER, retry_after DOUBLE PRECISION, tool_calls INTEGER,
        model_reported TEXT, request_id TEXT, notes TEXT,
        verdict TEXT, signal TEXT, rule TEXT, words TEXT, hedged INTEGER)""",
    "CREATE INDEX attempts_by_call ON attempts (call)",
    "CREATE TABLE answers (attempt TEXT PRIMARY KEY, text TEXT NOT NULL, thinking TEXT NOT NULL, refusal TEXT)",
)

_SEVERAL_RIGHT: Migration = ("ALTER TABLE prompts ADD COLUMN also TEXT",)
"""The right answers besides the first, as a JSON list."""

MIGRATIONS: tuple[Migration, ...] = (_FIRST, _SEVERAL_RIGHT)
"""Step n leads from schema version n to n + 1; steps are appended, never changed."""


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Take every step this ledger has not taken yet, in one transaction; another process may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = version(connection)
        for step in steps[before:]:
            for statement in step:
                connection.execute(statement)
        if before == 0:
            marks = (("id", secrets.token_hex(8)), ("secret", secrets.token_hex(32)))
            connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", marks)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if before < len(steps):
            connection.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def version(connection: sqlite3.Connection) -> int:
    """The schema version of a ledger; 0 where nothing is in it yet."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number
