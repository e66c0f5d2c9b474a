"""Finds secrets in what a process says and keeps: as they are, quoted, or in base64."""

import gzip
import json
import logging
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from psycopg import sql

from tests.cloud.fixtures import STATE, Cloud
from tests.postgres.databases import Connection

_TABLES = ("data_sources", "ingestion_jobs", "job_runs", "outbox", "audit_logs")


def forms(secret: str) -> set[str]:
    """The texts that give a secret away."""
    quoted = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    escaped = {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return {secret, *quoted, *escaped, *_in_base64(secret.encode())}


def _in_base64(secret: bytes) -> Iterable[str]:
    """What stays of it in base64, whatever comes before and behind."""
    for before in range(3):
        # Digits that have bits of a neighbour are left out.
        first, last = -(-8 * before // 6), 8 * (before + len(secret)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + secret).decode()[first:last]


def is_in(secrets: Iterable[str], text: str) -> bool:
    return any(form in text for secret in secrets for form in forms(secret))


class Listener(logging.Handler):
    """Keeps what any logger says, with its fields and tracebacks, before it is scrubbed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        found = [record.getMessage(), repr(vars(record))]
        if record.exc_info:
            found += traceback.format_exception(*record.exc_info)
        self.lines.append("\n".join(found))


def kept(admin: Connection, cloud: Cloud) -> list[str]:
    """Every row that a source may leave a trace in, and the objects of the state bucket."""
    rows: list[str] = []
    for table in _TABLES:
        text = "SELECT {0}::text FROM waybill.{0}"
        rows += [row for (row,) in admin.execute(sql.SQL(text).format(sql.Identifier(table)))]
    for found in cloud.s3.list_objects_v2(Bucket=STATE).get("Contents", []):
        body = cloud.s3.get_object(Bucket=STATE, Key=found["Key"])["Body"].read()
        plain = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
        rows.append(plain.decode(errors="replace"))
    return rows
