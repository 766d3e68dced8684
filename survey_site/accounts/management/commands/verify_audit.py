"""python manage.py verify_audit: is every row of the audit log there and as it was written?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from survey_site.accounts.audit import chain_problems
from survey_site.accounts.models import AuditChain


class Command(BaseCommand):
    help = "Check the audit log's chain of each county; prints the digests that somebody else may keep."

    def handle(self, *args: Any, **options: Any) -> None:
        is_broken = False
        for chain in AuditChain.objects.select_related("county").order_by("pk"):
            problems = chain_problems(chain)
            is_broken = is_broken or bool(problems)
            state = " ".join(problems) or "complete."
            name = chain.county.name if chain.county else "operators"
            self.stdout.write(f"{name}: {chain.length} rows. {state} {chain.digest}")
        if is_broken:
            raise CommandError("The audit log is not what was written.")
