from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0020_integrations")]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="runs_per_minute",
            field=models.PositiveIntegerField(
                blank=True, help_text="How often it may be run by all together. Empty: any number.", null=True
            ),
        ),
        migrations.AddField(
            model_name="agent",
            name="concurrent_runs",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="How many of its runs may be queued or under way. Empty: any number.", null=True
            ),
        ),
    ]
