"""A dataset with a column of every kind, and jobs whose object has landed."""

from collections.abc import Callable, Iterator

import pytest

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.settings import LoadSettings
from tests.cloud.fixtures import Cloud
from tests.integration.load.landing import Landing
from tests.postgres.databases import Database
from waybill.database.connect import connect

# Every kind that is staged in a type of its own, and some that the database casts.
_KINDS = """
CREATE TABLE kinds (
    id bigint PRIMARY KEY, i2 smallint, i4 integer, f4 real, f8 double precision, b boolean,
    d date, ts timestamp, tz timestamptz, t text, v varchar(3), n numeric(20,4), u uuid, a inet
);
SELECT waybill.register_dataset('kinds', natural_key => '{id}', null_words => '{NA}');
"""


@pytest.fixture
def landing(
    database: Database, cloud: Cloud, environment_of: Callable[[Database, str], None]
) -> Iterator[Landing]:
    """Lands files for the dataset `kinds` as the step `plan` would, and stages their chunks."""
    environment_of(database, "waybill_load")
    settings = LoadSettings.from_environment()
    with (
        database.connect() as admin,
        database.connect("waybill_plan") as planner,
        connect(settings, "load") as loader,
    ):
        admin.execute("SET ROLE waybill_owner")
        admin.execute(_KINDS)
        admin.execute("RESET ROLE")
        deps = Deps(loader, cloud.s3, settings, seconds=30, patience_seconds=10)
        yield Landing(deps, admin, planner, cloud)
