"""Takes back the newest import while nothing rests on it: added schools go, changed entries are as before.

The trace of the import stays, and who undid it and why is kept beside it. Whatever has been frozen since
(a result, an evaluation) keeps the figures it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from surveys.models import (
    County,
    Draw,
    ResidentPopulation,
    RosterImport,
    RosterUndo,
    School,
    Township,
    WaveChain,
    WaveEvent,
)
from surveys.roster.changes import FIELDS, value_of
from surveys.roster.saving import RosterRefused
from surveys.roster.wording import location_name

# Steps of a wave that take the roster's figures over: into collectors and targets, or into a result.
TAKES_OVER = ("opened", "reopened", "collectors_added", "closed")


def newest_import(county: County) -> RosterImport | None:
    """The last import that changed something and was not undone: the only one that can be."""
    found = county.roster_imports.filter(undo__isnull=True)
    return found.exclude(added=0, changed=0, residents_changed=0).first()


def why_not_undone(trace: RosterImport) -> str:
    """A sentence on why this import cannot be undone; "" if it can."""
    if hasattr(trace, "undo"):
        return _("This import has been undone.")
    if not (trace.added or trace.changed or trace.residents_changed):
        return _("This import changed nothing, so there is nothing to undo.")
    if newest_import(trace.county) != trace:
        return _("Other imports came after this one. Undo the newest one first.")
    if "townships" not in trace.changes:
        return _(
            "This import was made before imports could be undone; its trace lacks what was there before."
        )
    return _changed_since(trace) or _taken_over(trace) or _named_elsewhere(trace)


def undo_import(trace: RosterImport, *, reason: str, by: Any, now: datetime) -> RosterUndo:
    """Puts the county back to where it was before the import; RosterRefused says why not.

    Waves and imports of the county wait meanwhile, so that none takes over what is about to go.
    """
    if not reason.strip():
        raise RosterRefused(_("Say why the import is undone; the reason stays on record."))
    with transaction.atomic():
        County.objects.select_for_update(no_key=True).get(pk=trace.county_id)
        chains = WaveChain.objects.filter(wave__county=trace.county_id).order_by("pk")
        list(chains.select_for_update(no_key=True))
        trace = RosterImport.objects.select_related("county").get(pk=trace.pk)
        refused = why_not_undone(trace)
        if refused:
            raise RosterRefused(refused)
        _put_back_schools(trace)
        _put_back_residents(trace)
        return RosterUndo.objects.create(of=trace, reason=reason.strip()[:500], by=by, at=now)


def _put_back_schools(trace: RosterImport) -> None:
    lines = trace.changes["schools"]
    schools = _schools(trace, lines)
    added = [schools[line["code"]] for line in lines if line["added"]]
    School.objects.filter(pk__in=[school.pk for school in added]).delete()
    townships = dict(trace.county.townships.values_list("name", "pk"))
    changed = []
    for line in lines:
        if line["added"]:
            continue
        school = schools[line["code"]]
        for field, old, _new in line["changes"]:
            if field == "township":
                school.township_id = townships[old]
            else:
                setattr(school, field, old)
        changed.append(school)
    School.objects.bulk_update(changed, [*FIELDS, "is_active"], batch_size=100)
    for township in trace.county.townships.filter(name__in=trace.changes["townships"]):
        if _named_by(Township, [township.pk]) is None:
            township.delete()


def _put_back_residents(trace: RosterImport) -> None:
    for location, people, _new, source, _new_source in trace.changes["residents"]:
        figure = ResidentPopulation.objects.filter(county=trace.county, location=location)
        if people is None:
            figure.delete()
        else:
            figure.update(people=people, source=source)


def _changed_since(trace: RosterImport) -> str:
    """Whether the county still is what the import left behind."""
    lines = trace.changes["schools"]
    schools = _schools(trace, lines)
    for line in lines:
        school = schools.get(line["code"])
        if school is None or any(value_of(school, field) != new for field, _old, new in line["changes"]):
            return _("“%(name)s” was changed after the import, so its entries cannot be put back.") % {
                "name": line["name"]
            }
    figures = {
        one.location: [one.people, one.source]
        for one in ResidentPopulation.objects.filter(county=trace.county)
    }
    for location, _old, new, _old_source, source in trace.changes["residents"]:
        if figures.get(location) != [new, source]:
            return _("The residents of “%(location)s” were changed after the import.") % {
                "location": location_name(location)
            }
    return ""


def _named_elsewhere(trace: RosterImport) -> str:
    """Whether anything in any room is about a school that would go."""
    lines = [line for line in trace.changes["schools"] if line["added"]]
    names = {school.pk: school.name for school in _schools(trace, lines).values()}
    found = _named_by(School, names)
    if found is None:
        return ""
    said = _("“%(name)s” came with this import and is in use already (%(what)s), so it cannot be removed.")
    return said % {"name": names[found[0]], "what": found[1]}


def _taken_over(trace: RosterImport) -> str:
    """Whether a wave's step or a draw rests on the figures that would change back."""
    steps = WaveEvent.objects.filter(
        wave__county=trace.county, at__gte=trace.at, action__in=TAKES_OVER
    ).select_related("wave")
    codes = [line["code"] for line in trace.changes["schools"]]
    if not trace.changes["residents"]:
        steps = steps.filter(wave__collectors__school__code__in=codes)
    step = steps.order_by("-at", "-pk").first()
    if step is not None:
        return _(
            "The wave “%(wave)s” took these figures over on %(day)s, when it was opened, got new collectors "
            "or was closed: its collectors, targets or result were made from them."
        ) % {"wave": step.wave.name, "day": date_format(localtime(step.at))}
    draw = Draw.objects.filter(wave__county=trace.county, at__gte=trace.at).first()
    if draw is not None:
        return _("The random draw “%(title)s” was made from this roster.") % {"title": draw.title}
    return ""


def _schools(trace: RosterImport, lines: Iterable[dict]) -> dict[str, School]:
    codes = [line["code"] for line in lines]
    found = School.objects.filter(county=trace.county, code__in=codes).select_related("township")
    return {school.code: school for school in found}


def _named_by(model: type[models.Model], keys: Iterable[int]) -> tuple[int, str] | None:
    """One of these rows that another row refers to, and what that is called; None if none is."""
    for relation in model._meta.related_objects:
        field = relation.field.attname
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": list(keys)})
        key = rows.values_list(field, flat=True).first()
        if key is not None:
            return key, str(relation.related_model._meta.verbose_name_plural)
    return None
