from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('surveys', '0005_targets_and_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='printjob',
            name='worker',
            field=models.CharField(blank=True, max_length=120),
        ),
    ]
