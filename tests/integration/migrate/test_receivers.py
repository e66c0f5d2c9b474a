"""Receivers of notifications are declared by files, and whoever names one is checked."""

from pathlib import Path

import pytest

from functions.migrate.apply_receivers import apply_receivers, check_receivers
from tests.integration.migrate.sql_files import write
from tests.postgres.databases import Connection
from waybill.database.migrations import migrate
from waybill.errors import Conflict
from waybill.notifications.receivers import read_receivers, secrets_of

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:waybill/crew-AbCdEf"
EMAIL = 'kind = "email"\naddresses = ["pier@example.com"]\nquiet_seconds = 5\n'
SLACK = f'kind = "slack"\nurl_secret = "{SECRET}"\n'
WEBHOOK = f'kind = "webhook"\nurl = "https://erp.example/hook"\nsigning_secret = "{SECRET}"\n'


def names(admin: Connection) -> list[str]:
    rows = admin.execute("SELECT name FROM waybill.receivers ORDER BY name").fetchall()
    return [str(name) for (name,) in rows]


def test_receivers_are_kept_as_the_files_declare_them(admin: Connection, folder: Path) -> None:
    for name, text in (("office", EMAIL), ("crew", SLACK), ("erp", WEBHOOK)):
        write(folder, f"receivers/{name}.toml", text)
    migrate(admin, folder)
    assert apply_receivers(admin, folder) == ["crew", "erp", "office"]
    assert secrets_of(read_receivers(folder)) == [SECRET]
    (folder / "receivers/crew.toml").unlink()
    write(folder, "receivers/office.toml", EMAIL.replace("= 5", "= 7"))
    apply_receivers(admin, folder)
    assert names(admin) == ["erp", "office"]
    row = admin.execute("SELECT definition FROM waybill.receivers WHERE name = 'office'").fetchone()
    assert row is not None
    assert row[0]["quiet_seconds"] == 7
    assert row[0]["addresses"] == ["pier@example.com"]


def test_a_dataset_that_names_a_missing_receiver_is_refused(
    admin: Connection, folder: Path
) -> None:
    write(
        folder,
        "datasets/piers.sql",
        "CREATE TABLE piers (id integer PRIMARY KEY);\n"
        "SELECT waybill.register_dataset('piers', notify => '{\"office\": [\"failed\"]}');\n",
    )
    migrate(admin, folder)
    with pytest.raises(Conflict, match="dataset piers notifies office: there is no file"):
        check_receivers(admin)
    write(folder, "receivers/office.toml", EMAIL)
    apply_receivers(admin, folder)
    check_receivers(admin)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('kind = "pigeon"\n', "receivers/x.toml: .*'pigeon'"),
        ('kind = "email"\naddresses = []\n', "receivers/x.toml: email.addresses"),
        ('kind = "email"\naddresses = ["nobody"]\n', "receivers/x.toml: email.addresses.0"),
        (WEBHOOK.replace("https", "http"), "receivers/x.toml: webhook.url"),
        (WEBHOOK.replace("//", "//ada:pw@"), "receivers/x.toml: webhook.url"),
        ('kind = "slack"\nurl_secret = "https://hooks.example/x"\n', "slack.url_secret"),
        ("kind = \n", "receivers/x.toml: Invalid value"),
        ('name = "y"\n' + EMAIL, "the name is not that of the file"),
    ],
)
def test_a_file_that_is_no_receiver_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, "receivers/x.toml", text)
    with pytest.raises(Conflict, match=problem) as refused:
        read_receivers(tmp_path)
    assert "pw@" not in str(refused.value)
    assert "hooks.example" not in str(refused.value)
