"""On Aurora roles log in with IAM tokens, which its `rds_iam` role permits."""

from collections.abc import Callable, Iterator

import pytest

from functions.migrate.handler import handle
from functions.migrate.settings import MigrateSettings
from infra.functions import ADMIN_ROLE, DATABASE_ROLES
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Connection, Database
from waybill.database.connect import connect
from waybill.database.migrations import migrate
from waybill.errors import Unavailable

PREPARE = {"action": "prepare-upgrade"}


@pytest.fixture
def admin(empty_database: Database) -> Iterator[Connection]:
    with empty_database.connect() as connection:
        yield connection


@pytest.fixture
def rds_iam(admin: Connection) -> Iterator[None]:
    """The role of Aurora, which the server of the tests does not have."""
    admin.execute("CREATE ROLE rds_iam")
    yield
    admin.execute("DROP ROLE rds_iam")


@pytest.fixture
def settings(
    empty_database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> MigrateSettings:
    """The administrator's; the server does not know tokens, so it refuses every one."""
    environment_of(empty_database, ADMIN_ROLE)
    monkeypatch.setenv("DATABASE_AUTH", "iam-or-secret")
    return MigrateSettings.from_environment()


@pytest.mark.usefixtures("rds_iam")
def test_every_role_logs_in_with_tokens_after_a_migration(admin: Connection) -> None:
    migrate(admin)
    members = admin.execute(
        "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole"
    )
    assert {name for (name,) in members} == {*DATABASE_ROLES, ADMIN_ROLE}


def test_the_password_is_used_where_the_token_is_refused(settings: MigrateSettings) -> None:
    with connect(settings, "migrate", patience_seconds=0.1) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (ADMIN_ROLE,)


def test_the_password_is_not_tried_for_a_role_with_tokens_only(settings: MigrateSettings) -> None:
    tokens = settings.model_copy(update={"database_auth": "iam"})
    with pytest.raises(Unavailable, match="database-unavailable"):
        connect(tokens, "migrate", patience_seconds=0.1)


def may_skip_triggers(admin: Connection) -> tuple[bool, ...] | None:
    return admin.execute(
        "SELECT has_parameter_privilege('waybill_owner', 'session_replication_role', 'SET')"
    ).fetchone()


@pytest.mark.usefixtures("settings")
def test_grants_on_parameters_are_revoked_before_an_upgrade(admin: Connection) -> None:
    handle({}, Context())
    assert may_skip_triggers(admin) == (True,)
    assert handle(PREPARE, Context()) == {"prepared": True}
    assert may_skip_triggers(admin) == (False,)
    assert handle({}, Context())["applied"] == []
    assert may_skip_triggers(admin) == (True,)
