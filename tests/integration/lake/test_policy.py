"""Which partitions are archived, when, and one after the other."""

from functions.pipeline.load.archive_partition import archive_partition
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.settings import LoadSettings
from functions.pipeline.refresh.deps import Deps as RefreshDeps
from functions.pipeline.refresh.send_lake_work import send_lake_work
from tests.cloud.fixtures import STATE
from tests.integration.lake.conftest import Lake
from tests.postgres.databases import Database
from waybill.clients import s3_client
from waybill.database.connect import connect
from waybill.state.bucket import StateBucket


def add_partition(lake: Lake, name: str, first: str, last: str) -> None:
    """A partition of the dataset between two dates."""
    lake.admin.execute(
        f"CREATE TABLE {name} PARTITION OF kinds"
        f" FOR VALUES FROM ('{first} 00:00+00') TO ('{last} 00:00+00')".encode()
    )


def test_the_refresh_sends_a_message_once_and_keeps_a_marker(
    lake: Lake, database: Database
) -> None:
    lake.fill("2019", 3)
    state = StateBucket(s3_client(), STATE)
    with connect(LoadSettings.from_environment(), "load"):
        pass
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_refresh")
        deps = RefreshDeps(connection, state, lake.cloud.queues["chunks"])
        assert send_lake_work(deps) == 1
        (message,) = lake.cloud.bodies("chunks")
        assert message.keys() == {"partition_id"}
        assert len(state.markers.list()) == 1
        # Its message may be lost: it is sent again after ten minutes.
        assert send_lake_work(deps) == 0
        lake.admin.execute(
            "UPDATE waybill.archived_partitions SET sent_at = now() - interval '11 minutes',"
            " changed_at = now() - interval '11 minutes'"
        )
        assert send_lake_work(deps) == 1
        assert lake.cloud.bodies("chunks") == [message]
        lake.deliver(message["partition_id"])
        state.markers.delete(state.markers.list())
        assert send_lake_work(deps) == 0
        assert state.markers.list() == []


def test_one_partition_is_archived_after_the_other(lake: Lake) -> None:
    for year in (2017, 2018):
        add_partition(lake, f"kinds_{year}", f"{year}-01-01", f"{year + 1}-01-01")
        lake.fill(str(year), 2, year)
    lake.fill("2019", 2)
    lake.fill("2024", 2, 50)
    lake.archive()
    order = ["2017"]
    while messages := lake.cloud.bodies("chunks"):
        (message,) = messages
        query = "SELECT label FROM waybill.archived_partitions WHERE partition_id = %s"
        order.append(lake.one(query, message["partition_id"]))
        lake.deliver(message["partition_id"])
    assert order == ["2017", "2018", "2019"]
    assert lake.due() == []
    assert lake.one("SELECT count(*) FROM kinds") == 2


def test_partitions_that_are_recent_empty_or_of_other_bounds_stay(lake: Lake) -> None:
    add_partition(lake, "odd", "2010-01-01", "2012-01-01")
    add_partition(lake, "shorter", "2009-01-01", "2009-02-01")
    lake.admin.execute("CREATE TABLE rest PARTITION OF kinds DEFAULT")
    lake.admin.execute(
        "INSERT INTO kinds (id, at) VALUES (1, '2011-05-05'), (2, '2001-01-01'), (3, '2009-01-05')"
    )
    lake.fill("2024", 2, 10)
    assert lake.due() == []


def test_months_and_days_have_folders_of_their_own(lake: Lake) -> None:
    lake.admin.execute(
        "SELECT waybill.register_dataset('kinds', natural_key => '{id}', partition_unit => 'day',"
        " archive_after => '3 years')"
    )
    add_partition(lake, "march", "2018-03-01", "2018-04-01")
    add_partition(lake, "third", "2017-05-03", "2017-05-04")
    lake.admin.execute(
        "INSERT INTO kinds (id, at) VALUES (1, '2018-03-05'), (2, '2017-05-03 12:00')"
    )
    lake.archive()
    (message,) = lake.cloud.bodies("chunks")
    lake.deliver(message["partition_id"])
    assert lake.objects() == [
        # The table has a column `day`.
        "lake/dataset=kinds/year=2017/month=05/partition_day=03/part-00001-1.parquet",
        "lake/dataset=kinds/year=2018/month=03/part-00001-1.parquet",
    ]
    lake.load("7,2018-03-09 00:00:00Z")
    assert lake.one("SELECT errors -> 0 ->> 'message' FROM waybill.validation_errors").endswith(
        "waybill restore-partition kinds 2018-03"
    )
    lake.restore("2018-03")
    lake.load("7,2018-03-09 00:00:00Z", second=1)
    assert lake.one("SELECT array_agg(id ORDER BY id) FROM kinds_2018_03") == [1, 7]


def test_a_column_that_has_the_name_of_a_folder_keeps_it(lake: Lake) -> None:
    lake.admin.execute("ALTER TABLE kinds ADD COLUMN year integer, ADD COLUMN dataset text")
    lake.fill("2019", 1)
    lake.archive()
    folder = "lake/partition_dataset=kinds/partition_year=2019/"
    assert lake.objects() == [f"{folder}part-00001-1.parquet"]


def test_without_a_policy_nothing_is_archived(lake: Lake) -> None:
    lake.fill("2019", 2)
    lake.admin.execute("SELECT waybill.register_dataset('kinds', natural_key => '{id}')")
    assert lake.due() == []


def test_a_restored_partition_is_kept_for_some_days(lake: Lake) -> None:
    lake.fill("2019", 2)
    lake.archive()
    lake.restore(days=3)
    assert lake.due() == []
    kept = lake.one("SELECT keep_until - now() FROM waybill.archived_partitions")
    assert 2 <= kept.days <= 3
    lake.let_go()
    lake.archive()
    assert lake.state() == "ARCHIVED"
    # Once more, it finds nothing to do.
    assert lake.restore() == lake.restore()
    assert lake.one("SELECT count(*) FROM kinds") == 2


def test_an_invocation_without_time_goes_on_in_the_next(lake: Lake) -> None:
    lake.fill("2019", 50)
    (partition,) = lake.due()
    lake.act_as("waybill_load")
    settings = LoadSettings.from_environment()
    steps = 0
    while lake.state() != "ARCHIVED":
        with connect(settings, "load") as connection:
            archive_partition(Deps(connection, s3_client(), settings, 0), partition)
        assert lake.cloud.bodies("chunks") == [{"partition_id": str(partition)}]
        steps += 1
    assert steps == 4
