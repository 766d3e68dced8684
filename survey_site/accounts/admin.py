"""Operators manage accounts here; they sign in on the same page as everybody else, with its limits."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from survey_site.accounts.models import AuditEntry, Invitation, User
from surveys.admin import ReadOnlyAdmin

admin.site.login = secure_admin_login(admin.site.login)
admin.site.unregister(Group)  # roles say who may do what


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ["username", "role", "county", "school", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "county", "is_active", "is_staff"]
    list_select_related = ["county", "school"]
    raw_id_fields = ["school"]
    filter_horizontal = ["counties"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Desk"), {"fields": ["role", "county", "school", "counties"]}),
        (_("Person"), {"fields": ["last_name", "first_name", "email"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "usable_password", "password1", "password2", "role", "county", "school"]},
        )
    ]

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        if change and "is_active" in form.changed_data and not obj.is_active:
            obj.session_round += 1  # sessions from before do not come to life when it is enabled again
        super().save_model(request, obj, form, change)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """All counties' logs and the operators' own."""

    list_display = ["at", "chain", "number", "person_name", "action", "about", "outcome"]
    list_filter = ["chain", "outcome"]
    list_select_related = ["chain__county"]
    search_fields = ["person_name", "action", "about"]
    date_hierarchy = "at"


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["made_at", "county", "purpose", "role", "school", "made_by", "used_at", "revoked_at"]
    list_filter = ["county", "purpose"]
    list_select_related = ["county", "school", "made_by"]
    exclude = ["digest"]
