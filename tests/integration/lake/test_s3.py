"""DuckDB reads the lake where it is: Parquet in S3, over HTTP, nothing downloaded before."""

from collections.abc import Iterator

import duckdb
import pytest
from pyarrow import dataset, fs

from infra.local import emulator
from infra.local.access_key import AccessKey
from infra.local.postgres import free_port
from tests.cloud.fixtures import REGION, STATE
from tests.integration.lake.conftest import RECENT, Lake
from tests.integration.lake.test_round_trip import every_type


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fs.S3FileSystem]:
    """An empty S3 that answers over HTTP, and the client that pyarrow has for it."""
    port, key = free_port(), AccessKey.generate()
    process = emulator.start(tmp_path_factory.mktemp("s3") / "emulator", port, key)
    yield fs.S3FileSystem(
        access_key=key.key_id,
        secret_key=key.secret,
        region=REGION,
        endpoint_override=emulator.endpoint(port),
        allow_bucket_creation=True,
    )
    process.stop()


def serve(lake: Lake, storage: fs.S3FileSystem) -> str:
    """The lake's objects under the keys that they have, in a bucket of the same name."""
    storage.create_dir(STATE)
    for key in lake.objects():
        body = lake.cloud.s3.get_object(Bucket=STATE, Key=key)["Body"].read()
        with storage.open_output_stream(f"{STATE}/{key}") as stream:
            stream.write(body)
    return f"{STATE}/lake"


def test_archived_rows_are_those_of_the_table_before(
    lake: Lake, storage: fs.S3FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_FILE_BYTES", "1")
    every_type(lake)
    lake.fill("2019", 12000, 1000)
    lake.fill(RECENT, 3, 100_000)
    columns = (
        'id, "at", small, big, money, exact::text, flag, day, naive, plain, doc::text, _landed'
    )
    lake.admin.execute("SET timezone = 'UTC'")
    before = lake.admin.execute(f"SELECT {columns} FROM kinds_2019 ORDER BY id".encode()).fetchall()
    lake.archive()
    assert len(lake.objects()) > 1
    folder = serve(lake, storage)
    archived = dataset.dataset(folder, filesystem=storage, partitioning="hive")
    assert set(archived.files) == {f"{STATE}/{key}" for key in lake.objects()}
    # DuckDB finds `archived` by its name.
    with duckdb.connect() as reader:
        reader.execute("SET timezone = 'UTC'")
        found = reader.execute(
            f"SELECT {columns} FROM archived WHERE dataset = 'kinds' AND year = 2019 ORDER BY id"
        ).fetchall()
        others = reader.execute("SELECT count(*) FROM archived WHERE year <> 2019").fetchall()
    assert len(before) == 12004
    assert [tuple(row) for row in found] == before
    assert others == [(0,)]
