"""Plans, reads, checks and encodes a file of hires, and copies nothing.

`read_file.py PORT DATABASE DATASET FILE [REJECTS]` writes what it took as JSON, and the rejects
into the file REJECTS, in PostgreSQL's binary format.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.encode_chunk import ChunkEncoder
from functions.pipeline.load.settings import LoadSettings
from tests.benchmarks.load_contenders import waybill_on
from tests.postgres.databases import Connection, Database
from waybill.columns.stage import COPY_HEADER, COPY_TRAILER
from waybill.database.chunks import ChunkId
from waybill.database.claims import Claim
from waybill.messages import ChunkMessage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MEGABYTE = 1024


def _whole_object(admin: Connection, message: ChunkMessage) -> Claim:
    """The object as one chunk: ranges cost a survey more."""
    row = admin.execute(
        "SELECT to_jsonb(c) || jsonb_build_object('byte_to', c.size_bytes, 'first_line', 1)"
        " FROM waybill.claim_chunk(%s, %s, true, true) AS c",
        (message.job_id, message.chunk),
    ).fetchone()
    assert row is not None
    return Claim.model_validate(row[0])


def main() -> None:
    """Read the file."""
    port, name, dataset, file, *kept = sys.argv[1:]
    database = Database(int(port), name)
    with waybill_on(database) as waybill, database.connect() as admin:
        cloud = waybill.cloud
        waybill.land(Path(file), dataset)
        begun, cpu = time.perf_counter(), time.process_time()
        cloud.deliver("landed", 0)
        message = ChunkMessage.model_validate_json(cloud.queues["chunks"][0].body)
        admin.execute("SET ROLE waybill_owner")
        claim = _whole_object(admin, message)
        chunk = ChunkId(message.job_id, message.chunk)
        deps = Deps(admin, cast("S3Client", cloud.s3), LoadSettings.from_environment())
        encoder = ChunkEncoder(deps, chunk, claim)
        records, rejects = 0, []
        for block in encoder.blocks():
            records += block.read
            rejects += block.rejects if kept else []
        run = {
            "seconds": time.perf_counter() - begun,
            "cpu": time.process_time() - cpu,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE,
            "outcome": f"{records:,} records",
        }
    for path in kept:
        Path(path).write_bytes(COPY_HEADER + b"".join(rejects) + COPY_TRAILER)
    sys.stdout.write("\n" + json.dumps(run))


if __name__ == "__main__":
    main()
