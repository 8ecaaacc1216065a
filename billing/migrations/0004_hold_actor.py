"""A hold knows who started the run, so that the entry of its cost does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_prices_plans_accounts")]
    operations = [
        migrations.AddField(
            "hold", "actor_id", models.UUIDField(blank=True, help_text="Who started the run.", null=True)
        )
    ]
