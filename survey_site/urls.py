"""Every address, and who may open it: the one table to read when asking "who sees what?"."""

from django.contrib import admin
from django.urls import include, path

from survey_site.accounts.access import public
from survey_site.views import health

urlpatterns = [
    path("healthz", public(health), name="health"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
