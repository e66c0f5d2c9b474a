"""Partitions that become one of a longer period, and the lake: neither disturbs the other."""

from tests.integration.lake.conftest import Lake


def fold(lake: Lake) -> list[str]:
    """All steps of the folds that there are."""
    done = []
    while step := lake.one("SELECT done FROM waybill.fold_step()"):
        done.append(step)
        assert len(done) < 50
    return done


def months(lake: Lake) -> None:
    """Two months of an old year, in a dataset whose past years become one partition each."""
    lake.admin.execute(
        "SELECT waybill.register_dataset('kinds', natural_key => '{id}', partition_unit => 'month',"
        " history_unit => 'year', archive_after => '3 years')"
    )
    for month in ("01", "02"):
        following = f"{int(month) + 1:02}"
        lake.admin.execute(
            f"CREATE TABLE kinds_2017_{month} PARTITION OF kinds FOR VALUES"
            f" FROM ('2017-{month}-01 00:00+00') TO ('2017-{following}-01 00:00+00')".encode()
        )
    lake.admin.execute("INSERT INTO kinds (id, at) VALUES (1, '2017-01-05'), (2, '2017-02-05')")


def test_months_are_one_year_before_they_are_archived(lake: Lake) -> None:
    months(lake)
    assert lake.due() == []
    assert "folded" in fold(lake)
    lake.archive()
    assert lake.state("2017") == "ARCHIVED"
    assert lake.objects() == ["lake/dataset=kinds/year=2017/part-00001-1.parquet"]
    lake.load("7,2017-11-05 00:00:00Z")
    assert lake.one("SELECT errors -> 0 ->> 'code' FROM waybill.validation_errors") == (
        "partition_archived"
    )
    lake.restore("2017")
    assert lake.one("SELECT array_agg(id ORDER BY id) FROM kinds") == [1, 2]
    lake.load("7,2017-11-05 00:00:00Z", second=1)
    assert lake.one("SELECT count(*) FROM kinds") == 3


def test_months_that_were_archived_keep_their_year_apart(lake: Lake) -> None:
    months(lake)
    # The fold was given up: the months are archived one by one.
    lake.admin.execute(
        "INSERT INTO waybill.folds (dataset, lower, upper, definition, given_up_at)"
        " VALUES ('kinds', '2017-01-01', '2018-01-01', '', now())"
    )
    lake.archive()
    assert lake.state("2017-01") == "ARCHIVED"
    lake.admin.execute("DELETE FROM waybill.folds")
    assert fold(lake) == []
    # A new partition of that year is a month, beside the archived one.
    lake.load("8,2017-06-05 00:00:00Z")
    assert lake.one("SELECT tableoid::regclass::text FROM kinds WHERE id = 8") == "kinds_2017_06"
    # The other month followed the first one.
    for month in ("2017-01", "2017-02"):
        lake.restore(month)
        assert lake.state(month) == "RESTORED"
    assert lake.one("SELECT array_agg(id ORDER BY id) FROM kinds") == [1, 2, 8]
