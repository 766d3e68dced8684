"""What an operator of the server sees: everything that was set up, nothing that was answered.

Only counties are made here. All else comes about in the desk, where every step is checked and recorded;
here it can be looked at and not changed. Answers are not shown at all: whoever runs the machine has no
business reading them, and results pass through suppression on the desk.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from surveys import models


class ReadOnlyAdmin(admin.ModelAdmin):
    """Look, do not touch: not even a superuser."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(models.County)
class CountyAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "is_demo"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(models.School)
class SchoolAdmin(ReadOnlyAdmin):
    list_display = ["code", "name", "county", "township", "stage", "location", "is_active"]
    list_filter = ["county", "stage", "location"]
    search_fields = ["code", "name"]


@admin.register(models.Wave)
class WaveAdmin(ReadOnlyAdmin):
    list_display = ["name", "county", "state", "starts_on", "ends_on", "scoring_rule", "design"]
    list_filter = ["county", "state"]


@admin.register(models.WaveEvent)
class WaveEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "wave", "action", "by"]
    list_filter = ["action", "wave__county"]


@admin.register(models.Collector)
class CollectorAdmin(ReadOnlyAdmin):
    list_display = ["code", "wave", "audience", "school", "township", "channel"]
    list_filter = ["wave", "audience", "channel"]
    list_select_related = ["wave", "school", "township"]
    search_fields = ["code"]


@admin.register(models.QuestionnaireVersion)
class QuestionnaireVersionAdmin(ReadOnlyAdmin):
    list_display = ["key", "number", "frozen_at", "digest"]


@admin.register(models.Batch)
class BatchAdmin(ReadOnlyAdmin):
    list_display = ["wave", "number", "kind", "responses_count", "sealed_at"]
    list_filter = ["wave", "kind"]
    exclude = ["root", "previous", "digest"]


@admin.register(models.Void)
class VoidAdmin(ReadOnlyAdmin):
    list_display = ["at", "wave", "reason", "responses_count", "by", "restored_at"]
    exclude = ["covered"]
