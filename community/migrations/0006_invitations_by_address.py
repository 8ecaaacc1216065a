from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("community", "0005_sign_ins")]
    operations = [
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                fields=["email"],
                name="invitation_by_address",
            ),
        ),
    ]
