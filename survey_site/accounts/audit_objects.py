"""What an address is about, in words: the names of the objects its arguments stand for.

An object of another county is not named, and neither is anything that could be a code.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from survey_site.accounts.audit_words import words_of
from survey_site.accounts.models import User
from surveys.models import Collector, County, RosterImport

# Arguments that are not called after their model.
NAMES: dict[str, type[Model]] = {"person_id": User, "import_id": RosterImport, "slips_id": Collector}
LARGEST_ID = 2**63 - 1


def described(arguments: dict[str, Any], *, county: County | None) -> str:
    """ "2026年秋季调查 · 第一小学": each number argument as its object, or the bare number."""
    parts = []
    for name, value in arguments.items():
        if not name.endswith("_id") or not str(value).isdecimal():
            continue
        found = object_of(name, int(value))
        mine = found is not None and county is not None and county_id_of(found) == county.pk
        parts.append(words_of(found) if mine else f"#{value}")
    return " · ".join(parts)


def object_of(argument: str, key: int) -> Model | None:
    """The object that an argument such as wave_id=3 stands for; None if there is none or no such model."""
    model = model_of(argument)
    if model is None or key > LARGEST_ID:
        return None
    return model._default_manager.filter(pk=key).first()


@cache
def model_of(argument: str) -> type[Model] | None:
    """The model an argument is called after: wave_id → Wave, school_id → School."""
    if argument in NAMES:
        return NAMES[argument]
    wanted = argument.removesuffix("_id").replace("_", "")
    for room in ("surveys", "scoring", "analysis", "accounts"):
        for model in apps.get_app_config(room).get_models():
            if model._meta.model_name == wanted:
                return model
    return None


def county_id_of(found: Model) -> int | None:
    """The county an object belongs to, directly or through what it belongs to; None if it has none."""
    if isinstance(found, County):
        return found.pk
    path = county_path(type(found))
    if path is None:
        return None
    for step in path[:-1]:
        found = getattr(found, step)
        if found is None:
            return None
    return getattr(found, f"{path[-1]}_id")


@cache
def county_path(model: type[Model], depth: int = 3) -> tuple[str, ...] | None:
    """The shortest way from a model to its county: ("wave", "county"); None if there is none."""
    try:
        if model._meta.get_field("county").related_model is County:
            return ("county",)
    except FieldDoesNotExist:
        pass
    if depth == 0:
        return None
    ways = [
        (field.name, *way)
        for field in model._meta.concrete_fields
        # Through what the row belongs to, never through whoever wrote it.
        if field.many_to_one and not issubclass(field.related_model, (User, model))
        if (way := county_path(field.related_model, depth - 1)) is not None
    ]
    return min(ways, key=len, default=None)
