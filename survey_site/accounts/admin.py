"""Operators manage accounts here; they sign in on the same page as everybody else, with its limits."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from survey_site.accounts.models import User

admin.site.login = secure_admin_login(admin.site.login)
admin.site.unregister(Group)  # roles say who may do what


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ["username", "role", "county", "school", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "county", "is_active", "is_staff"]
    list_select_related = ["county", "school"]
    raw_id_fields = ["school"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Desk"), {"fields": ["role", "county", "school"]}),
        (_("Person"), {"fields": ["last_name", "first_name", "email"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "is_superuser"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "usable_password", "password1", "password2", "role", "county", "school"]},
        )
    ]
