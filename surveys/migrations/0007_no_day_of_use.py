from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('surveys', '0006_print_worker'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='accesscode',
            name='access_code_used_has_date',
        ),
        migrations.RemoveField(
            model_name='accesscode',
            name='used_on',
        ),
    ]
