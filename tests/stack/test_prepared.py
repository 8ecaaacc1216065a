"""A second start leaves out what the first has done, and only that."""

from pathlib import Path

import pytest
from django.db import connection

from deploy.stack import prepared

pytestmark = pytest.mark.django_db


def address(name: str) -> str:
    given = connection.settings_dict
    return f"host='{given['HOST']}' port='{given['PORT'] or 5432}' user='{given['USER']}' password='{given['PASSWORD']}' dbname='{name}'"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "people" / "migrations").mkdir(parents=True)
    (tmp_path / "people" / "migrations" / "0001_initial.py").touch()
    return tmp_path


def test_what_was_prepared_is_known_again(root: Path) -> None:
    database = address(connection.settings_dict["NAME"])
    assert not prepared.was_prepared(root, root, database)
    prepared.keep(root, root, database)
    assert prepared.was_prepared(root, root, database)


def test_a_new_migration_is_prepared_for(root: Path) -> None:
    database = address(connection.settings_dict["NAME"])
    prepared.keep(root, root, database)
    (root / "people" / "migrations" / "0002_more.py").touch()
    assert not prepared.was_prepared(root, root, database)


def test_another_database_and_none_are_prepared_for(root: Path) -> None:
    prepared.keep(root, root, address(connection.settings_dict["NAME"]))
    empty = address("postgres")
    assert not prepared.was_prepared(root, root, empty)
    assert not prepared.was_prepared(root, root, "host=/nowhere")
    prepared.keep(root, root, empty)
    assert not prepared.was_prepared(root, root, empty)
