"""Every address, and who may open it: the one table to read when asking "who sees what?"."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from survey_site.accounts.access import allow, public
from survey_site.views import account, desk, front, health
from surveys.views import respond

urlpatterns = [
    path("r/", public(respond.find), name="find"),
    path("r/<str:code>", public(respond.respond), name="respond"),
    path("r/<str:code>/", public(respond.respond)),
    path("r/<str:code>/thanks/<str:receipt>", public(respond.thanks), name="thanks"),
    path("r/<path:rest>", public(respond.unknown)),
    path("", public(front), name="front"),
    path("healthz", public(health), name="health"),
    path("language/", set_language, name="set_language"),
    path("desk/", allow("bureau", "reviewer", "school", "inspector")(desk), name="desk"),
    path("desk/account/", public(account), name="account"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
