"""What a picture costs: until now it was in the class of tools that are free."""

from decimal import Decimal
from typing import Any

from django.db import migrations


def seed(apps: Any, _schema_editor: Any) -> None:
    """What is there already is not changed: staff may have set it."""
    rate = apps.get_model("billing", "Rate")
    row = rate(reference="tool/image", label="Picture", per_call=Decimal(2))
    rate.objects.bulk_create([row], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_catalogue_rates")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
