import itertools
from collections.abc import Iterator

import pytest

from tests.postgres.databases import Database
from tests.stateful.fake_cloud import FakeCloud
from tests.stateful.tables import IMPATIENT, UNSEEN

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dataset_template(template_database: Database) -> Iterator[Database]:
    """A migrated database with datasets that the project does not know."""
    template = template_database.clone(f"histories_{next(_numbers)}")
    with template.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        admin.execute(UNSEEN.encode())
        admin.execute(IMPATIENT.encode())
    yield template
    template.drop()


@pytest.fixture
def fake_cloud(dataset_template: Database) -> Iterator[FakeCloud]:
    """A fake cloud with a database of its own."""
    cloud = FakeCloud(dataset_template.clone(f"cloud_{next(_numbers)}"), pytest.MonkeyPatch())
    cloud.open()
    yield cloud
    cloud.close()
    cloud.database.drop()
