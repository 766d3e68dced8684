"""Questionnaires before they are handed out: read as respondents will see them, on a phone."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from surveys.models import QuestionnaireVersion, WaveAudience
from surveys.pages import preview_page
from surveys.questionnaire import (
    Questionnaire,
    instrument_keys,
    instrument_source,
    read_questionnaire,
    text_in,
)
from surveys.views.sent import number_in

LANGUAGE_NAMES = {"zh-hans": "中文", "en": "English"}


@require_safe
def questionnaires(request: HttpRequest) -> HttpResponse:
    """The questionnaires supplied, and the frozen versions that this county has asked with."""
    supplied = [(key, instrument(key)) for key in instrument_keys()]
    context = {
        "rows": [
            {
                "key": key,
                "title": text_in(questionnaire.title, get_language()),
                "audiences": questionnaire.audiences,
                "questions": len(questionnaire.items),
            }
            for key, questionnaire in supplied
        ],
        "versions": [
            (version, text_in(version.questionnaire.title, get_language())) for version in _versions(request)
        ],
    }
    return render(request, "desk/questionnaires.html", context)


@require_safe
def questionnaire(request: HttpRequest, key: str) -> HttpResponse:
    """A phone drawn around the questionnaire; ?version=2 shows what was frozen, else the supplied text."""
    number = number_in(request.GET.get("version", "0"), digits=8)
    if number is None:
        raise Http404
    found = _asked_for(request, key, number)
    context = {
        "key": key,
        "number": number,
        "title": text_in(found.title, get_language()),
        "audiences": found.audiences,
        "languages": [(code, LANGUAGE_NAMES.get(code, code)) for code in found.languages],
        "audience": _one_of(request.GET.get("audience"), found.audiences),
        "language": _one_of(request.GET.get("lang"), found.languages),
        "big": "big" in request.GET,
        "questions": len(found.items),
    }
    return render(request, "desk/questionnaire.html", context)


@require_safe
def preview_frame(request: HttpRequest, key: str, number: int, audience: str) -> HttpResponse:
    """What stands in the phone; its own links change only what stands behind the question mark."""
    found = _asked_for(request, key, number)
    if audience not in found.audiences:
        raise Http404
    language = _one_of(request.GET.get("lang"), found.languages)
    return HttpResponse(preview_page(found, language=language, audience=audience, big="big" in request.GET))


def instrument(key: str) -> Questionnaire:
    return read_questionnaire(instrument_source(key), name=key)


def _versions(request: HttpRequest) -> QuerySet[QuestionnaireVersion]:
    used = WaveAudience.objects.filter(wave__county=request.scope.county, version__isnull=False)
    return QuestionnaireVersion.objects.filter(pk__in=used.values("version"))


def _asked_for(request: HttpRequest, key: str, number: int) -> Questionnaire:
    """Version `number` if this county has asked with it; 0 is the supplied questionnaire."""
    if number:
        version = _versions(request).filter(key=key, number=number).first()
        if version is None:
            raise Http404
        return version.questionnaire
    if key not in instrument_keys():
        raise Http404
    return instrument(key)


def _one_of(asked: str | None, known: tuple[str, ...]) -> str:
    return asked if asked in known else known[0]
