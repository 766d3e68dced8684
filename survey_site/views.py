"""Pages that belong to no room."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def health(request: HttpRequest) -> HttpResponse:
    """200 and "ok" when the database answers; for supervisors and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return HttpResponse("ok", content_type="text/plain")


def front(request: HttpRequest) -> HttpResponse:
    """The bare address leads to the desk; respondents come with a code of their own."""
    return redirect("desk")


def desk(request: HttpRequest) -> HttpResponse:
    """Everybody's first page after signing in, by role."""
    if request.scope.role == "school":
        return redirect("school_desk")
    if request.scope.role == "inspector":
        return render(request, "desk/inspector.html")
    return redirect("waves")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: for any signed-in user, also one who has no role yet."""
    return render(request, "desk/account.html")
