"""The operators' admin: accounts are managed there; what was asked and answered cannot be touched."""

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from survey_site.accounts.models import User
from surveys.models import County, Response, Tally

pytestmark = pytest.mark.django_db

EDITABLE = {"accounts.User", "surveys.County", "account.EmailAddress", "mfa.Authenticator"}


@pytest.fixture
def operator(client):
    user = User.objects.create_superuser("operator", password="a long password of ours")
    client.force_login(user)
    return user


def test_answers_and_counts_are_not_in_the_admin_at_all():
    assert not admin.site.is_registered(Response)
    assert not admin.site.is_registered(Tally)


def test_nothing_but_accounts_and_counties_can_be_changed_there(operator):
    request = RequestFactory().get("/admin/")
    request.user = operator
    changeable = {
        model._meta.label
        for model, model_admin in admin.site._registry.items()
        if model_admin.has_add_permission(request)
        or model_admin.has_change_permission(request)
        or model_admin.has_delete_permission(request)
    }
    assert changeable == EDITABLE


def test_every_list_of_the_admin_opens(client, operator):
    County.objects.create(code="410999", name="示范县")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert client.get(reverse(name)).status_code == 200, name


def test_an_operator_makes_an_account_and_sets_a_password(client, operator):
    county = County.objects.create(code="410999", name="示范县")
    form = {
        "username": "wang", "usable_password": "true", "password1": "一个很长的口令 2025",
        "password2": "一个很长的口令 2025", "role": "bureau", "county": county.pk, "school": "",
    }  # fmt: skip
    assert client.post(reverse("admin:accounts_user_add"), form).status_code == 302
    wang = User.objects.get(username="wang")
    assert wang.role == "bureau"
    assert wang.check_password("一个很长的口令 2025")
    assert client.get(reverse("admin:auth_user_password_change", args=[wang.pk])).status_code == 200


def test_operators_sign_in_on_the_page_that_limits_attempts(client):
    answer = client.get(reverse("admin:login"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


def test_a_bureau_user_has_no_way_into_the_admin(client):
    county = County.objects.create(code="410999", name="示范县")
    client.force_login(User.objects.create_user("bureau", role="bureau", county=county))
    assert client.get("/admin/").status_code in (302, 403)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code in (302, 403)
