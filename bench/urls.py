"""The product's addresses, and beside them the reference views that its speed is measured against."""

from django.urls import path

from bench import views
from survey_site.accounts.access import public
from survey_site.urls import urlpatterns as product

urlpatterns = [
    path("r/reference/nothing/<str:code>", public(views.nothing)),
    path("r/reference/unstored/<str:code>", public(views.unstored)),
    path("r/reference/inserted/<str:code>", public(views.inserted)),
    path("r/reference/uncounted/<str:code>", public(views.uncounted)),
    *product,
]
