"""The list of a provider's models has become rows (0004)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agents", "0005_seed_catalogue")]
    operations = [migrations.RemoveField(model_name="provider", name="model_ids")]
