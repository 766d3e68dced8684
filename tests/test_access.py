"""Who may open what: every address of the URL table × every role × every method, nothing left out.

A new page is tested by being in the table. If it takes an argument that `ARGUMENTS` cannot fill, these
tests fail until somebody says what the argument is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, resolve
from django.urls.resolvers import RegexPattern
from django.utils import timezone

from analysis.evaluation import EvaluationInputs, evaluate_county
from analysis.ledger import NewItem, enter_items
from analysis.models import (
    Evaluation,
    EvidenceFile,
    IndicatorTable,
    IndicatorUpload,
    ProvinceStandard,
    RectificationStep,
    SchoolFigures,
    TaskLine,
)
from analysis.models.evaluations import EvaluationJob
from analysis.standard import shipped_standard
from survey_site.accounts.access import TRUSTED_VIEW_MODULES
from survey_site.accounts.audit_objects import county_path, model_of
from survey_site.accounts.invitations import invite
from survey_site.accounts.models import Invitation, User
from surveys.models import (
    Collector,
    Draw,
    MessageToSchool,
    PrintJob,
    RosterImport,
    RosterUpload,
    School,
    SchoolMessage,
    SlipBatch,
    Void,
    Wave,
    WaveEvent,
    WaveState,
)
from surveys.waves import close_wave, open_wave
from tests.analysis.counties import primary
from tests.analysis.evaluated_counties import schools_table
from tests.surveys.builders import make_county, make_school, make_wave

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("bureau", "reviewer", "school", "inspector", "province")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
METHODS = ("GET", "HEAD", "OPTIONS", *CHANGING)
# The pages that anybody may open: the phone's, the address itself, one's own account (asks to sign in),
# whom to ask for a new password, and the pages an invitation leads to.
PUBLIC = {
    "r/", "r/<str:code>", "r/<str:code>/", "r/<str:code>/thanks/<str:receipt>", "r/<path:rest>",
    "", "healthz", "desk/account/", "invite/", "invite/<str:token>/",
    "^accounts/(?:email|confirm-email|password/reset)/",
}  # fmt: skip

# What stands for an argument of an address, in a county or at a school ("side"). An argument that is called
# after its model (batch_id → a SlipBatch would be slip_batch_id) needs no line here: the side's own object
# is found; a line is needed where a test must make one.
ARGUMENTS: dict[str, Callable[[SimpleNamespace], object]] = {
    "wave_id": lambda side: side.open_wave.pk,
    "collector_id": lambda side: side.collector.pk,
    "school_id": lambda side: side.school.pk,
    "import_id": lambda side: side.roster_import.pk,
    "void_id": lambda side: side.void.pk,
    "school_message_id": lambda side: side.message_copy.message_id,
    "message_to_school_id": lambda side: side.message_copy.pk,
    "indicator_table_id": lambda side: side.indicator_table.pk,
    "evidence_file_id": lambda side: side.evidence_file.pk,
    "evaluation_id": lambda side: side.evaluation.pk,
    "rectification_item_id": lambda side: side.rectification_item.pk,
    "school_figures_id": lambda side: side.school_figures.pk,
    "person_id": lambda side: side.person.pk,
    "invitation_id": lambda side: side.invitation.pk,
    "slips_id": lambda side: side.slip_batch.collector_id,
    "slip_batch_id": lambda side: side.slip_batch.pk,
    "print_job_id": lambda side: side.slip_batch.job_id,
    "token": lambda side: side.upload.token,
    "kind": lambda side: "svg",
    "key": lambda side: "society",
    "number": lambda side: 0,
    "audience": lambda side: "parent",
    "year": lambda side: 2026,
    "standard": lambda side: "quality-balance-2017",
    "criterion": lambda side: "class_size",
    "place": lambda side: 0,
}
# Arguments that mean the same for everybody; all others name somebody's object.
SAME_FOR_ALL = {"kind", "key", "number", "audience", "year", "standard", "criterion", "place"}
SENT_BACK_TO = ("/desk/roster/", "/desk/indicators/")  # where an upload that is not one's own leads
# Objects that a page is told behind the question mark.
QUERIES: dict[str, Callable[[SimpleNamespace], str]] = {
    "desk/live/": lambda side: f"?wave={side.open_wave.pk}",
}


@dataclass(frozen=True)
class Page:
    """One line of the URL table."""

    route: str
    access: object
    arguments: tuple[str, ...]

    def address(self, side: SimpleNamespace) -> str:
        """The page's address for an object of that side."""
        path = "/" + self.route.lstrip("^").rstrip("$").replace("\\", "")
        for name in self.arguments:
            value = str(argument(name, side, of=self.route))
            for written in (f"<int:{name}>", f"<slug:{name}>", f"<str:{name}>", f"<path:{name}>"):
                path = path.replace(written, value)
            if f"(?P<{name}>" in path:
                start = path.index(f"(?P<{name}>")
                path = path[:start] + value + path[path.index(")", start) + 1 :]
        return path + self.query(side)

    def query(self, side: SimpleNamespace) -> str:
        return QUERIES[self.route](side) if self.route in QUERIES else ""

    @property
    def has_object(self) -> bool:
        return bool(set(self.arguments) - SAME_FOR_ALL) or self.route in QUERIES


def argument(name: str, side: SimpleNamespace, *, of: str) -> object:
    """The side's value of an argument: what ARGUMENTS says, else its object of the model of that name."""
    if name.endswith("_id") and hasattr(side, "every_id"):
        return side.every_id
    if name in ARGUMENTS:
        return ARGUMENTS[name](side)
    model = model_of(name)
    path = county_path(model) if model else None
    found = path and model.objects.filter(**{"__".join(path): side.school.county_id}).first()
    assert found, f"{of}: say in ARGUMENTS what {name!r} stands for"
    return found.pk


def pages() -> list[Page]:
    """Our own lines of the table; those of packages (allauth, admin) guard themselves."""
    return [
        Page(str(each.pattern), getattr(each.callback, "access", None), arguments_of(each))
        for each in get_resolver().url_patterns
        if isinstance(each, URLPattern) and not each.callback.__module__.startswith(TRUSTED_VIEW_MODULES)
    ]


def arguments_of(pattern: URLPattern) -> tuple[str, ...]:
    if isinstance(pattern.pattern, RegexPattern):
        return tuple(pattern.pattern.regex.groupindex)
    return tuple(pattern.pattern.converters)


def guarded() -> list[Page]:
    return [page for page in pages() if page.access != "public"]


def slips_at(school: School, wave: Wave) -> SlipBatch:
    """Slips of the school's parents, printed, with the sheet's job."""
    collector = Collector.objects.create(
        wave=wave, school=school, audience="parent", channel="slips", code=f"SLIPS{school.pk}"
    )
    job = PrintJob.objects.create(
        county=school.county, wave=wave, school=school, collector=collector, kind="slips", state="done",
        token=f"print-token-of-{school.code}", file_name=f"{school.name}.pdf", at=timezone.now(),
    )  # fmt: skip
    return SlipBatch.objects.create(
        wave=wave, collector=collector, number=collector.pk, label=f"{school.name}一班", count=2,
        state="printed", job=job, made_at=timezone.now(),
    )  # fmt: skip


def evaluation_of(school: School, by: User) -> Evaluation:
    """A frozen evaluation whose evidence carries the school's name."""
    line = {"line": 2, "item": "basic_balance_years", "value": "6", "evidence": f"{school.name}文件"}
    table = IndicatorTable.objects.create(
        county=school.county, year=2026, level="county", standard_key="quality-balance-2017",
        file_name=f"{school.name}.csv", lines=[line], at=timezone.now(),
    )  # fmt: skip
    schools = schools_table(school.county, [primary(school.name)])
    standard = shipped_standard("quality-balance-2017")
    inputs = EvaluationInputs(standard, school_table=schools, county_table=table)
    return evaluate_county(school.county, year=2026, stage="county", inputs=inputs, by=by, now=timezone.now())


def side_of(school: School, wave: Wave, uploaded_by: User) -> SimpleNamespace:
    now = timezone.now()
    return SimpleNamespace(
        school=school,
        open_wave=wave,
        collector=Collector.objects.get(wave=wave, school=school, channel="poster"),
        slip_batch=slips_at(school, wave),
        upload=RosterUpload.objects.create(
            token=f"token-{school.code}", county=school.county, by=uploaded_by,
            file_name=f"{school.name}.csv", content="学校代码,学校名称\nS1,一小\n".encode(), uploaded_at=now,
        ),
        message_copy=MessageToSchool.objects.create(
            school=school,
            message=SchoolMessage.objects.create(
                county=school.county, subject=f"致{school.name}", body=f"请{school.name}抓紧。", at=now
            ),
        ),
        draw=Draw.objects.create(
            wave=wave, kind="numbers", title=f"{school.name}抽样", seed="1", frame={school.name: ["1", "2"]},
            wanted={school.name: 1}, drawn={school.name: ["1"]}, at=now,
        ),
        person=User.objects.create(
            username=f"{school.name}老师", role="school", county=school.county, school=school
        ),
        invitation=invite(
            county=school.county, role="school", school=school, by=uploaded_by, now=now, label=school.name
        ).invitation,
        void=Void.objects.create(wave=wave, reason=f"{school.name}核查", at=now, responses_count=0),
        roster_import=RosterImport.objects.create(
            county=school.county, file_name=f"{school.name}.csv", sha256="0" * 64, size_bytes=1,
            by=uploaded_by, at=now, added=1, changed=0, unchanged=0, missing=0, residents_changed=0,
            rows_left_out=0,
        ),
        indicator_upload=IndicatorUpload.objects.create(
            token=f"token-{school.code}", county=school.county, by=uploaded_by, year=2026, level="schools",
            standard_key="quality-balance-2017", file_name=f"{school.name}.csv",
            content="学校,学段,学生数\n一小,小学,90\n".encode(), uploaded_at=now,
        ),
        indicator_table=IndicatorTable.objects.create(
            county=school.county, year=2026, level="schools", standard_key="quality-balance-2017",
            file_name=f"{school.name}.csv", lines=[{"line": 2, "cells": {"school": school.name}}], at=now,
        ),
        evaluation=evaluation_of(school, uploaded_by),
        evaluation_job=EvaluationJob.objects.create(county=school.county, asked={}, rows=1, at=now),
        province_standard=ProvinceStandard.objects.create(
            county=school.county, key=f"own-{school.pk}", name=f"{school.name}标准", by=uploaded_by, at=now,
            file_name=f"{school.name}.toml", digest=f"{school.pk:064}",
            text=shipped_standard("district-targets").text.replace("district-targets", f"own-{school.pk}"),
        ),
        rectification_item=enter_items(
            school.county, [NewItem(f"{school.name}缺2人", timezone.localdate(), school=school)], year=2026,
            by=uploaded_by, now=now,
        ).items[0],
        school_figures=SchoolFigures.objects.create(
            school=school, year=2026, lines=[{"line": 2, "cells": {"school": school.name}}], at=now,
        ),
        evidence_file=EvidenceFile.objects.create(
            county=school.county, school=school, name=f"{school.name}.pdf", stored_as=f"none-{school.code}",
            kind="PDF", size_bytes=1, sha256="0" * 64, at=now,
        ),
    )  # fmt: skip


def fieldwork(county_name: str, *schools: str) -> tuple[User, Wave, list[School]]:
    """A county with a draft, an open and a closed wave, and its bureau user."""
    county = make_county(name=county_name)
    made = [make_school(county, name=name) for name in schools]
    user = User.objects.create(username=f"{county_name}-bureau", role="bureau", county=county)
    make_wave(county, name=f"{county_name}草稿")
    open_one = make_wave(county, name=f"{county_name}秋季")
    open_wave(open_one, by=user, now=timezone.now())
    closed = make_wave(county, name=f"{county_name}春季")
    open_wave(closed, by=user, now=timezone.now())
    close_wave(closed, by=user, now=timezone.now())
    return user, open_one, made


@pytest.fixture
def cast() -> SimpleNamespace:
    """Yunchuan county with two schools and all roles; Luxi county, whose name no one of them may read."""
    bureau, wave, (first, second) = fieldwork("云川县", "云川甲小学", "云川乙小学")
    others_bureau, others_wave, (others_school,) = fieldwork("禄溪县", "禄溪小学")
    county = bureau.county
    province = User.objects.create(username="province", role="province")
    province.counties.add(county)
    return SimpleNamespace(
        users={
            "bureau": bureau,
            "reviewer": User.objects.create(username="reviewer", role="reviewer", county=county),
            "school": User.objects.create(username="school", role="school", county=county, school=first),
            "inspector": User.objects.create(username="inspector", role="inspector", county=county),
            "province": province,
        },
        own=side_of(first, wave, bureau),
        other_school=side_of(second, wave, bureau),
        other_county=side_of(others_school, others_wave, others_bureau),
    )


def signed_in(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, method: str, address: str) -> HttpResponse:
    return client.generic(method, address)


def text_of(response: HttpResponse) -> str:
    return response.content.decode(errors="replace") + str(response.headers)


def walk(
    user: User | None, side: SimpleNamespace, chosen: list[Page], methods: tuple[str, ...]
) -> Iterator[tuple[str, HttpResponse]]:
    client = signed_in(user)
    for page in chosen:
        for method in methods:
            address = page.address(side)
            yield f"{method} {address}", ask(client, method, address)


def state_of_everything() -> tuple:
    return (
        list(Wave.objects.order_by("pk").values_list("pk", "name", "state")),
        list(WaveEvent.objects.order_by("pk").values_list("pk", flat=True)),
        list(Collector.objects.order_by("pk").values_list("pk", "code")),
        list(School.objects.order_by("pk").values_list("pk", "name")),
        list(RosterImport.objects.order_by("pk").values_list("pk", flat=True)),
        list(RosterUpload.objects.order_by("pk").values_list("pk", flat=True)),
        list(RectificationStep.objects.order_by("pk").values_list("pk", "to_state")),
        list(SchoolFigures.objects.order_by("pk").values_list("pk", "state")),
        list(TaskLine.objects.order_by("pk").values_list("pk", flat=True)),
        list(IndicatorUpload.objects.order_by("pk").values_list("pk", "choices")),
        list(IndicatorTable.objects.order_by("pk").values_list("pk", "withdrawn_at")),
        list(EvidenceFile.objects.order_by("pk").values_list("pk", "withdrawn_at")),
        list(SlipBatch.objects.order_by("pk").values_list("pk", "state")),
        list(PrintJob.objects.order_by("pk").values_list("pk", "state")),
        list(User.objects.order_by("pk").values_list("pk", "is_active", "role", "password")),
        list(Invitation.objects.order_by("pk").values_list("pk", "digest", "used_at", "revoked_at")),
    )


def test_every_page_says_who_may_open_it():
    undeclared = [page.route for page in pages() if page.access is None]
    assert undeclared == []
    assert {page.route for page in pages() if page.access == "public"} == PUBLIC


def test_walk_reaches_the_pages_themselves(cast):
    """Each address that this file makes up leads to the line of the table it was made from."""
    for page in guarded():
        assert str(resolve(page.address(cast.own).split("?")[0]).route) == page.route


def test_visitor_is_sent_to_sign_in_everywhere(cast):
    before = state_of_everything()
    for what, response in walk(None, cast.own, guarded(), METHODS):
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/"), what
    assert state_of_everything() == before


@pytest.mark.parametrize("role", ROLES)
def test_role_that_the_table_does_not_name_is_refused(cast, role):
    closed = [page for page in guarded() if role not in page.access]
    before = state_of_everything()
    for what, response in walk(cast.users[role], cast.own, closed, METHODS):
        assert response.status_code == 403, what
    assert state_of_everything() == before


@pytest.mark.parametrize("role", ["reviewer", "inspector", "province"])
def test_who_only_reads_changes_nothing(cast, role):
    before = state_of_everything()
    for what, response in walk(cast.users[role], cast.own, guarded(), CHANGING):
        assert response.status_code == 403, what
    assert state_of_everything() == before


@pytest.mark.parametrize("role", ROLES)
def test_other_countys_objects_are_not_found(cast, role):
    chosen = [page for page in guarded() if role in page.access and page.has_object]
    before = state_of_everything()
    for what, response in walk(cast.users[role], cast.other_county, chosen, METHODS):
        found_nothing = response.status_code in (403, 404, 405)
        sent_back = response.status_code == 302 and response["Location"] in SENT_BACK_TO
        assert found_nothing or sent_back, what
        assert "禄溪" not in text_of(response), what
    assert state_of_everything() == before


def parameters() -> list[str]:
    """Every name that a view reads from behind the question mark or from a form, found in the source."""
    read = re.compile(r"""\.(?:GET|POST)(?:\.get|\.getlist)?[(\[]"(\w+)\"""")
    rooms = [ROOT / room for room in ("surveys", "analysis", "survey_site")]
    sources = [path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py")]
    fields = re.compile(r"^    (\w+) = forms\.", re.MULTILINE)
    return sorted({name for text in sources for name in (*read.findall(text), *fields.findall(text))})


def everything_of(county_id: int) -> list[tuple]:
    """Every row of ours that belongs to a county, with all its values."""
    rows: list[tuple] = []
    for room in ("surveys", "scoring", "analysis", "accounts"):
        for model in apps.get_app_config(room).get_models():
            path = county_path(model)
            if path:
                mine = model.objects.filter(**{"__".join(path): county_id}).order_by("pk")
                rows += [(model.__name__, *(str(value) for value in row)) for row in mine.values_list()]
    return rows


@pytest.mark.parametrize("role", ["bureau", "school"])
@pytest.mark.parametrize("thing", ["open_wave", "school", "collector", "person"])
def test_other_countys_objects_named_in_a_query_or_a_form_stay_hidden_and_untouched(cast, role, thing):
    """One's own pages, with every parameter there is set to the number of a stranger's object."""
    names = parameters()
    assert {"wave", "school", "township"} <= set(names)
    sent = dict.fromkeys(names, str(getattr(cast.other_county, thing).pk))
    before = everything_of(cast.other_county.school.county_id)
    assert before
    client = signed_in(cast.users[role])
    for page in guarded():
        if role not in page.access:
            continue
        address = page.address(cast.own)
        for what, response in (
            (f"GET {address}", client.get(address, sent)),
            (f"POST {address}", client.post(address, sent)),
        ):
            assert response.status_code < 500, what
            assert "禄溪" not in text_of(response), what
    assert everything_of(cast.other_county.school.county_id) == before


@pytest.mark.parametrize("role", ROLES)
def test_own_pages_open_and_never_name_the_other_county(cast, role):
    chosen = [page for page in guarded() if role in page.access]
    assert chosen
    for what, response in walk(cast.users[role], cast.own, chosen, ("GET",)):
        assert response.status_code in (200, 302), what
        assert "禄溪" not in text_of(response), what


def test_school_finds_nothing_of_another_school(cast):
    user = cast.users["school"]
    mine = [page for page in guarded() if "school" in page.access]
    with_object = [page for page in mine if page.has_object]
    assert with_object
    for what, response in walk(user, cast.other_school, with_object, METHODS):
        assert response.status_code in (404, 405), what
    for what, response in walk(user, cast.own, mine, ("GET",)):
        assert "云川乙小学" not in text_of(response), what
        assert cast.other_school.collector.code not in text_of(response), what


def test_bureau_meets_no_server_error_by_any_method(cast):
    for what, response in walk(cast.users["bureau"], cast.own, guarded(), METHODS):
        assert response.status_code < 500, what


def test_number_too_large_for_a_database_is_not_found(cast):
    chosen = [page for page in guarded() if any(name.endswith("_id") for name in page.arguments)]
    huge = SimpleNamespace(every_id=10**17, school=cast.own.school, upload=cast.own.upload)
    for what, response in walk(cast.users["bureau"], huge, chosen, ("GET", "POST")):
        assert response.status_code in (403, 404, 405), what
    assert signed_in(cast.users["bureau"]).get(f"/desk/waves/{10**30}/").status_code == 404


def test_user_without_a_role_opens_only_their_account(cast):
    user = User.objects.create(username="new", role="")
    for what, response in walk(user, cast.own, guarded(), METHODS):
        assert response.status_code == 403, what
    assert signed_in(user).get("/desk/account/").status_code == 200


def test_desk_leads_each_role_to_its_own_page(cast):
    assert signed_in(cast.users["school"]).get("/desk/")["Location"] == "/desk/school/"
    page = signed_in(cast.users["inspector"]).get("/desk/")
    assert (page.status_code, page.templates[0].name) == (200, "desk/inspector.html")


def test_nobody_can_sign_up(cast):
    page = Client().post(
        "/accounts/signup/",
        {"username": "intruder", "password1": "a-Long-one-9", "password2": "a-Long-one-9"},
    )
    assert "account/signup_closed.html" in [template.name for template in page.templates]
    assert not User.objects.filter(username="intruder").exists()


@pytest.mark.parametrize("role", ROLES)
def test_administration_is_closed_to_every_role(cast, role):
    response = signed_in(cast.users[role]).get("/admin/")
    assert (response.status_code, response["Location"]) == (302, "/admin/login/?next=/admin/")


def test_form_from_elsewhere_is_refused(cast):
    """Without our token a form counts as sent by another site; the page says so in plain words."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["bureau"])
    response = client.post(f"/desk/waves/{cast.own.open_wave.pk}/close/")
    assert response.status_code == 403
    assert "页面已过期" in response.content.decode()
    cast.own.open_wave.refresh_from_db()
    assert cast.own.open_wave.state == WaveState.OPEN


def test_inactive_user_is_signed_out(cast):
    user = cast.users["bureau"]
    client = signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/desk/waves/").status_code == 302


def test_guessing_a_password_is_stopped_by_account(cast):
    """Five wrong ones in five minutes; then even the right one has to wait, from wherever it comes."""
    user = cast.users["bureau"]
    user.set_password("the-right-one-9")
    user.save()

    def attempt(password: str) -> int:
        sent = {"login": user.username, "password": password}
        return Client().post("/accounts/login/", sent).status_code

    assert [attempt("wrong") for _ in range(5)] == [200] * 5
    assert attempt("the-right-one-9") == 200
    assert Client().get("/desk/waves/").status_code == 302


def test_right_password_signs_in(cast):
    user = cast.users["reviewer"]
    user.set_password("the-right-one-9")
    user.save()
    client = Client()
    response = client.post("/accounts/login/", {"login": "reviewer", "password": "the-right-one-9"})
    assert (response.status_code, response["Location"]) == (302, "/desk/")
    assert client.get("/desk/waves/").status_code == 200
