"""The database refuses to change or remove a row of the audit log."""

from django.db import migrations

from survey_site.accounts import audit_triggers


def install(apps, schema_editor):
    audit_triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    audit_triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_people_and_audit")]

    operations = [migrations.RunPython(install, remove)]
