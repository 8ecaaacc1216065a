from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0022_hosted_tools")]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="callers",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Which agents have called each other as tools on the way to it, by name.",
            ),
        ),
    ]
