"""Pages that belong to no room."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from analysis.sampling_plan import plan, starting_values
from analysis.views.county import county
from scoring.models import PopulationControl
from scoring.numeric.errors import NumericInputError
from scoring.rules import shipped_rules
from surveys.forms import RuleChoice
from surveys.models import Wave


def health(request: HttpRequest) -> HttpResponse:
    """200 and "ok" when the database answers; for supervisors and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The bare address leads to the desk; respondents come with a code of their own."""
    return redirect("desk")


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Everybody's first page after signing in, by role."""
    if request.scope.role == "school":
        return redirect("school_desk")
    if request.scope.role == "province":
        return redirect("province")
    if request.scope.role == "inspector":
        return render(request, "desk/inspector.html")
    return county(request)


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: for any signed-in user, also one who has no role yet."""
    return render(request, "desk/account.html")


@require_safe
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Whom to ask: accounts have no e-mail address, and a new password comes from the bureau."""
    return render(request, "account/password_reset.html")


def scoring_rules(language: str) -> list[RuleChoice]:
    """The scoring rules for the wave pages, whose room does not know of scoring."""
    return [
        RuleChoice(key=key, name=_in(rule.name, language), description=_in(rule.description, language))
        for key, rule in shipped_rules().items()
    ]


def planned_answers(wave: Wave) -> int | None:
    """The sample that the wave's sampling plan asks for as it opens; None where its numbers contradict."""
    try:
        return plan(wave, starting_values(wave)).answers
    except NumericInputError:
        return None


def given_controls(wave: Wave) -> set[str]:
    """Audiences of the wave whose population controls were entered and do not follow the roster."""
    return set(PopulationControl.objects.filter(wave=wave).values_list("audience", flat=True))


def _in(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts["zh-hans"]
