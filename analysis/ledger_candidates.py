"""What could be entered in the ledger: the shortfalls of an evaluation, the weak topics of a survey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analysis.columns import STAGE_NAMES
from analysis.evaluation_reading import standard_of_evaluation
from analysis.evaluation_words import lacking_text
from analysis.findings import CHINESE
from analysis.ledger import open_subjects
from analysis.models import Evaluation
from analysis.results import FROZEN, WaveResults, wave_results
from analysis.standard_parts import Standard
from analysis.task_table import newest_lines
from analysis.templatetags.evaluation import without_codes
from analysis.templatetags.figures import limit_text, rate_text
from scoring.models import ScoreRun
from surveys.models import County, School, Wave
from surveys.questionnaire import text_in


@dataclass(frozen=True)
class Candidate:
    """One line of the tick list. `key` stands for it in the form; school None: the county's own matter."""

    key: str
    subject: str
    title: str
    problem: str
    measure: str
    department: str
    verdict: str
    school: School | None
    is_open_already: bool

    @property
    def code(self) -> str:
        """Stands for the line in a form: the same line whatever else the list gains or loses meanwhile."""
        return sha256(self.key.encode()).hexdigest()[:16]

    @property
    def is_proposed(self) -> bool:
        """Ticked at first: what is surely missed and not in the ledger yet."""
        return self.verdict == "not_met" and not self.is_open_already


def of_evaluation(evaluation: Evaluation) -> list[Candidate]:
    """Every criterion that is not met or cannot be judged; for rules about schools one line per school.
    What is missed comes before what cannot be judged.

    A school is found by its code or name on the roster; one that is not there keeps its name in the text.
    """
    result = evaluation.result
    standard = standard_of_evaluation(evaluation)
    lines = newest_lines(evaluation.county, year=evaluation.year, standard_key=evaluation.standard_key)
    standing = open_subjects(evaluation.county, year=evaluation.year)
    roster = Roster(evaluation.county)
    schools = {one["school"]: one for one in result.get("schools", ())}
    found = []
    for criterion in result["criteria"]:
        if not criterion["counts"] or criterion["verdict"] == "met":
            continue
        key, name = criterion["key"], _text(criterion["name"])
        line = lines.get(key)
        about: dict[str, Any] = {
            "title": name,
            "department": line.department if line else _text(criterion.get("department") or {}),
        }
        missed = dict.fromkeys(one["school"] for one in criterion.get("schools_not_met", ()))
        if not missed:
            subject = f"criterion:{key}"
            found.append(
                Candidate(
                    key=subject, subject=subject, verdict=criterion["verdict"], school=None,
                    problem=f"{name}{_colon()}{without_codes(_text(criterion['sentence']))}",
                    measure=line.measures if line else "",
                    is_open_already=(evaluation.standard_key, subject, None) in standing, **about,
                )
            )  # fmt: skip
        schools_missed = sorted(((label, roster.find(label)) for label in missed), key=_by_code)
        for label, school in schools_missed:
            subject = f"criterion:{key}" if school else f"criterion:{key}:{label}"[:120]
            place = (evaluation.standard_key, subject, school.pk if school else None)
            said, measure = _of_school(schools.get(label, {}), key, standard)
            problem = f"{name}{_colon()}{said}"
            found.append(
                Candidate(
                    key=f"{key}:{label}", subject=subject, verdict="not_met", school=school,
                    problem=problem if school else f"{label}{_colon()}{problem}",
                    measure=measure or (line.measures if line else ""),
                    is_open_already=place in standing, **about,
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: one.verdict != "not_met")


def of_survey(wave: Wave, *, now: datetime) -> tuple[list[Candidate], ScoreRun | None]:
    """The topics below the limit in the wave's frozen score run, the weakest first.

    Nothing while the wave is not closed or its counts changed after the run. A group too small to be shown
    is no topic here either.
    """
    if not wave.is_closed:
        return [], None
    results = wave_results(wave, now=now)
    if results.state != FROZEN or results.run is None:
        return [], None
    standing = open_subjects(wave.county, year=wave.starts_on.year)
    return [_topic(row, results, standing) for row in results.topics if row.figure.is_below], results.run


class Roster:
    """The county's schools, found by what a table calls them: "name", or "name [code]"."""

    def __init__(self, county: County) -> None:
        schools = list(School.objects.filter(county=county))
        self.by_code = {school.code: school for school in schools}
        names: dict[str, list[School]] = {}
        for school in schools:
            names.setdefault(_plain(school.name), []).append(school)
        # Two schools of one name are told apart by code only.
        self.by_name = {name: found[0] for name, found in names.items() if len(found) == 1}

    def find(self, label: str) -> School | None:
        name, bracket, code = label.removesuffix("]").rpartition(" [")
        if bracket and label.endswith("]"):
            return self.by_code.get(code) or self.by_name.get(_plain(name))
        return self.by_name.get(_plain(label))

    def own_label(self, labels: Iterable[str], school: School) -> str | None:
        """Which of these names of schools is this school; None if there is none, or it is not sure which."""
        own = [label for label in labels if (found := self.find(label)) and found.pk == school.pk]
        with_code = [label for label in own if label.endswith(f" [{school.code}]")]
        own = with_code or own
        return own[0] if len(own) == 1 else None


def _of_school(school: Mapping[str, Any], criterion: str, standard: Standard) -> tuple[str, str]:
    """What was found about a school, stage by stage, and a measure that makes up what it lacks."""
    said, short = [], []
    for part in (school, *school.get("stages", ())):
        for finding in part.get("findings", ()):
            if finding["criterion"] == criterion and finding["verdict"] == "not_met":
                stage = _text(STAGE_NAMES[part["stage"]]) + _colon() if part.get("stage") else ""
                said.append(stage + _text(finding["sentence"]))
        here = [
            one
            for one in part.get("shortfalls", ())
            if one["criterion"] == criterion and one["add"] and not one["is_surplus"]
        ]
        if lacking := lacking_text(here, standard, language=get_language() or CHINESE):
            stage = _text(STAGE_NAMES[part["stage"]]) + _colon() if part.get("stage") else ""
            short.append(stage + lacking)
    measure = _("Make up what is lacking: %(lacking)s.") % {"lacking": _("; ").join(short)} if short else ""
    glue = "" if (get_language() or "").startswith("zh") else " "
    return glue.join(said), measure


def _topic(row: Any, results: WaveResults, standing: set[tuple[str, str, int | None]]) -> Candidate:
    subject = f"topic:{row.item}"[:120]
    figure = row.figure
    problem = _("Survey “%(wave)s”, topic “%(topic)s”: %(rate)s satisfied, below %(limit)s.") % {
        "wave": results.wave.name,
        "topic": row.name,
        "rate": rate_text(figure.estimate, unit=figure.unit, limit=figure.limit),
        "limit": limit_text(figure.limit, unit=figure.unit),
    }
    return Candidate(
        key=subject, subject=subject, title=row.name, problem=problem, measure="", department="",
        verdict="not_met", school=None, is_open_already=("", subject, None) in standing,
    )  # fmt: skip


def _by_code(named: tuple[str, School | None]) -> tuple[bool, str]:
    label, school = named
    return school is None, school.code if school else label


def _colon() -> str:
    return "：" if (get_language() or "").startswith("zh") else ": "


def _plain(name: str) -> str:
    return "".join(name.split())


def _text(texts: Mapping[str, str]) -> str:
    return text_in(texts, get_language() or "zh-hans") if texts else ""
