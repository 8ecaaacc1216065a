from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0012_concurrency"),
    ]

    operations = [
        migrations.AddField(
            model_name="span",
            name="input_bytes",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="span",
            name="output_bytes",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="span",
            name="details",
            field=models.JSONField(
                db_default={}, default=dict, help_text="Of a model call: which try it was, and what came of it."
            ),
        ),
    ]
