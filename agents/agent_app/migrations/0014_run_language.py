from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0013_span_bodies_and_tries"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="language",
            field=models.CharField(blank=True, help_text="What goes wrong is told in it.", max_length=12),
        ),
    ]
