"""The life of a wave: drawn up, opened (questionnaires freeze, collectors appear), closed, reopened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from surveys import seals
from surveys.missing_collectors import add_late_collectors, add_missing_collectors
from surveys.models import (
    Channels,
    County,
    DesignKind,
    QuestionnaireVersion,
    Wave,
    WaveAudience,
    WaveChain,
    WaveEvent,
    WaveState,
)
from surveys.plan_seal import seal_plan
from surveys.questionnaire import instrument_source, read_questionnaire

LARGEST_SHARE_ERROR = Decimal("0.0001")


class WaveRefused(Exception):
    """A step the wave cannot take; the sentence says what to do first."""


@dataclass(frozen=True)
class AudiencePlan:
    """What a new wave says about one audience. `share` 0–1, `target` replies, `population` people,
    `channels`: whether it gets posters, slips or both."""

    audience: str
    questionnaire_key: str
    share: Decimal
    target: int = 0
    population: int | None = None
    channels: str = Channels.POSTER


def create_wave(
    *, county: County, name: str, starts_on: date, ends_on: date, scoring_rule: str, design: str,
    audiences: Sequence[AudiencePlan], by: Any, now: datetime,
) -> Wave:  # fmt: skip
    """A draft. Nothing can be answered before `open_wave`."""
    _check_plan(county, name=name, design=design, audiences=audiences)
    with transaction.atomic():
        wave = Wave.objects.create(
            county=county, name=name, starts_on=starts_on, ends_on=ends_on,
            scoring_rule=scoring_rule, design=design,
        )  # fmt: skip
        _plan_audiences(wave, audiences)
        WaveChain.objects.create(wave=wave, digest=seals.EMPTY_CHAIN)
        _record(wave, "created", by=by, now=now)
    return wave


def edit_draft(
    wave: Wave, *, name: str, starts_on: date, ends_on: date, scoring_rule: str, design: str,
    audiences: Sequence[AudiencePlan], by: Any, now: datetime,
) -> None:  # fmt: skip
    """Plans a draft anew. Once opened, a wave's plan stays: what was announced is what was asked."""
    _check_plan(wave.county, name=name, design=design, audiences=audiences, besides=wave)
    with transaction.atomic():
        _step(wave, {WaveState.DRAFT}, WaveState.DRAFT)
        Wave.objects.filter(pk=wave.pk).update(
            name=name, starts_on=starts_on, ends_on=ends_on, scoring_rule=scoring_rule, design=design
        )
        before = dict(wave.audiences.values_list("audience", "target"))
        wave.audiences.all().delete()
        _plan_audiences(wave, audiences)
        # Targets of single places that were changed by hand hold as long as their sum does.
        kept = [plan.audience for plan in audiences if before.get(plan.audience) == plan.target]
        wave.planned_targets.exclude(audience__in=kept).delete()
        _record(wave, "edited", by=by, now=now)
    wave.refresh_from_db()


def delete_draft(wave: Wave) -> None:
    """Removes a draft altogether. Nobody has answered it; a wave that was ever open stays."""
    with transaction.atomic():
        _step(wave, {WaveState.DRAFT}, WaveState.DRAFT)
        if wave.draws.exists():
            raise WaveRefused(_("A random draw was made for this draft; what was drawn stays on record."))
        wave.delete()


def open_wave(wave: Wave, *, by: Any, now: datetime, sources: Mapping[str, str] | None = None) -> None:
    """Freezes the questionnaires, makes the collectors, and lets answers in. Only a draft can be opened.

    `sources` gives questionnaire texts by key that stand elsewhere than among the supplied instruments.
    """
    with transaction.atomic():
        _step(wave, {WaveState.DRAFT}, WaveState.OPEN)
        for row in wave.audiences.all():
            row.version = frozen_version(
                row.questionnaire_key, now=now, source=(sources or {}).get(row.questionnaire_key)
            )
            _check_asks(row)
            row.save(update_fields=["version"])
        made = add_missing_collectors(wave)
        if not made:
            raise WaveRefused(_("There is nobody to ask yet: import the county's schools first."))
        versions = {row.audience: str(row.version) for row in wave.audiences.select_related("version")}
        detail = {"collectors": len(made), "versions": versions, "plan": seal_plan(wave).as_detail}
        _record(wave, "opened", by=by, now=now, detail=detail)
    wave.refresh_from_db()


def move_end(wave: Wave, *, ends_on: date, reason: str, by: Any, now: datetime) -> None:
    """Moves the last day of an open wave; the old day, the new one and the reason stay on record."""
    if not reason.strip():
        raise WaveRefused(_("Say why the last day is moved; the reason stays on record."))
    if ends_on < wave.starts_on:
        raise WaveRefused(_("The last day cannot be before the first day."))
    with transaction.atomic():
        _step(wave, {WaveState.OPEN}, WaveState.OPEN)
        before = Wave.objects.get(pk=wave.pk).ends_on
        Wave.objects.filter(pk=wave.pk).update(ends_on=ends_on)
        detail = {"reason": reason, "before": before.isoformat(), "after": ends_on.isoformat()}
        _record(wave, "end_moved", by=by, now=now, detail=detail)
    wave.refresh_from_db()


def ask_late_places(wave: Wave, *, by: Any, now: datetime) -> int:
    """Makes the collectors an open wave lacks, for schools that came to the roster since; how many."""
    with transaction.atomic():
        _step(wave, {WaveState.OPEN}, WaveState.OPEN)
        made = add_late_collectors(wave)
        if made["collectors"]:
            detail = made | {"plan": seal_plan(wave).as_detail}
            _record(wave, "collectors_added", by=by, now=now, detail=detail)
    return made["collectors"]


def close_wave(wave: Wave, *, by: Any, now: datetime, reason: str = "") -> None:
    """Ends the wave: after this returns no further answer is counted."""
    with transaction.atomic():
        _step(wave, {WaveState.OPEN}, WaveState.CLOSED)
        detail = {"reason": reason, "plan": seal_plan(wave).as_detail} | _end_of_chain(wave)
        _record(wave, "closed", by=by, now=now, detail=detail)
    wave.refresh_from_db()


def reopen_wave(wave: Wave, *, by: Any, now: datetime, reason: str) -> None:
    """Lets answers in again, under the same questionnaires and codes. The reason stays on record."""
    if not reason.strip():
        raise WaveRefused(_("Say why the wave is opened again; the reason stays on record."))
    with transaction.atomic():
        _step(wave, {WaveState.CLOSED}, WaveState.OPEN)
        made = add_late_collectors(wave)
        detail = {"reason": reason, "plan": seal_plan(wave).as_detail} | made | _end_of_chain(wave)
        _record(wave, "reopened", by=by, now=now, detail=detail)
    wave.refresh_from_db()


def frozen_version(key: str, *, now: datetime, source: str | None = None) -> QuestionnaireVersion:
    """The frozen text of a questionnaire; the same text keeps its version, a changed one gets the next.

    Without a `source` it is the supplied instrument of that key.
    """
    source = instrument_source(key) if source is None else source
    digest = read_questionnaire(source, name=key).digest
    known = QuestionnaireVersion.objects.filter(digest=digest).first()
    if known:
        return known
    newest = QuestionnaireVersion.objects.filter(key=key).order_by("-number").first()
    number = newest.number + 1 if newest else 1
    return QuestionnaireVersion.objects.create(
        key=key, number=number, digest=digest, source=source, frozen_at=now
    )


def _check_plan(
    county: County, *, name: str, design: str, audiences: Sequence[AudiencePlan], besides: Wave | None = None
) -> None:
    if design not in DesignKind.values:
        raise WaveRefused(_("Say how schools came in: all schools surveyed, or schools sampled."))
    if not audiences:
        raise WaveRefused(_("Choose at least one audience."))
    total = sum((plan.share for plan in audiences), Decimal())
    if abs(total - 1) > LARGEST_SHARE_ERROR:
        raise WaveRefused(
            _("The shares of the audiences add up to %(total)s%%; they must add up to 100%%.")
            % {"total": f"{total * 100:f}".rstrip("0").rstrip(".")}
        )
    if Wave.objects.filter(county=county, name=name).exclude(pk=besides and besides.pk).exists():
        raise WaveRefused(_("There is a wave named “%(name)s” already.") % {"name": name})


def _plan_audiences(wave: Wave, audiences: Sequence[AudiencePlan]) -> None:
    WaveAudience.objects.bulk_create(
        WaveAudience(
            wave=wave, audience=plan.audience, questionnaire_key=plan.questionnaire_key,
            share=plan.share, target=plan.target, population=plan.population, channels=plan.channels,
        )
        for plan in audiences
    )  # fmt: skip


def _check_asks(row: WaveAudience) -> None:
    """A questionnaire that does not know the audience could not be answered by it."""
    if row.audience not in row.version.questionnaire.audiences:
        raise WaveRefused(
            _("The questionnaire “%(questionnaire)s” does not ask %(audience)s; choose another one for them.")
            % {"questionnaire": row.questionnaire_key, "audience": row.name}
        )


def _step(wave: Wave, allowed: set[str], state: str) -> None:
    """Takes the wave's writing lock and moves its state, or refuses."""
    WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
    moved = Wave.objects.filter(pk=wave.pk, state__in=allowed).update(state=state)
    if not moved:
        now_is = Wave.objects.get(pk=wave.pk).get_state_display()
        raise WaveRefused(
            _("The wave “%(name)s” is now: %(state)s. Reload the page to see what can be done.")
            % {"name": wave.name, "state": now_is}
        )


def _end_of_chain(wave: Wave) -> dict:
    """What was sealed up to now: whoever kept this digest can tell later that it still stands."""
    chain = WaveChain.objects.get(pk=wave.pk)
    return {"batches": chain.length, "chain": bytes(chain.digest).hex()}


def _record(wave: Wave, action: str, *, by: Any, now: datetime, detail: dict | None = None) -> None:
    WaveEvent.objects.create(wave=wave, action=action, by=by, at=now, detail=detail or {})
