"""What migrations put into the database, again after each test that empties it.

Tests with ``transaction=True`` truncate every table. Two things of the ledger stand in the way: its rows of prices and
plans come from a migration, and a trigger refuses the truncation (``tests/billing/test_append_only.py`` tries it out).
"""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models.signals import post_migrate


def sow(**_: Any) -> None:
    import_module("agent_app.migrations.0005_seed_catalogue").seed(apps, None)
    import_module("billing.migrations.0003_prices_plans_accounts").seed(apps, None)
    import_module("billing.migrations.0005_catalogue_rates").seed(apps, None)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_ledgerentry DISABLE TRIGGER billing_ledger_not_emptied")


post_migrate.connect(sow, sender=apps.get_app_config("agents"), dispatch_uid="tests.seeds")
