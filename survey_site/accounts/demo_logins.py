"""Logins of the demonstration county: made once, kept where only the owner of the machine can read them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from survey_site.accounts.models import Role
from survey_site.accounts.people import add_user
from surveys.models import County, School


def demo_logins_path() -> Path:
    return settings.DATA_DIR / "demo-logins.txt"


def read_demo_logins() -> str:
    """The lines to print, or nothing: real counties have no logins lying about."""
    path = demo_logins_path()
    return path.read_text() if path.exists() else ""


def make_demo_logins() -> None:
    """One login per role, for the demonstration county only, and one operator."""
    county = County.objects.filter(is_demo=True).order_by("pk").first()
    if county is None:
        return
    school = School.objects.filter(county=county, is_active=True).order_by("-classes", "pk").first()
    accounts = [
        add_user("bureau", role=Role.BUREAU, county=county),
        add_user("reviewer", role=Role.REVIEWER, county=county),
        add_user("inspector", role=Role.INSPECTOR, county=county),
        add_user("province", role=Role.PROVINCE, counties=[county]),
        add_user("operator", is_operator=True),
    ]
    notes = {
        "bureau": "the bureau 教育局", "reviewer": "reads only 只读", "inspector": "evidence only 只看佐证",
        "province": "summary only 省级汇总", "operator": "/admin/ 运维",
    }  # fmt: skip
    if school:
        accounts.insert(1, add_user("school", role=Role.SCHOOL, county=county, school=school))
        notes["school"] = str(school)
    path = demo_logins_path()
    path.touch(mode=0o600)
    path.write_text(
        "".join(
            f"  {made.user.username:<10} {made.password}   {notes[made.user.username]}\n" for made in accounts
        )
    )
