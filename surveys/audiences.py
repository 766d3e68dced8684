"""The audiences (调查对象) a county can ask: data from audiences.toml, never an enum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from surveys.toml_file import NAME, NAME_RULE, TomlFile, at

SCOPES = ("school", "township", "county")
POPULATIONS = ("pupils", "pupils_from_grade_3", "teachers", "principals", "residents", "given")


class AudienceFileError(ValueError):
    """The audiences file says something that cannot be used; the message names place and allowed values."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is asked, where their collectors stand and which known size their weight aims at."""

    code: str
    names: Mapping[str, str]
    scope: str
    questionnaire: str
    population: str

    def name(self, lang: str) -> str:
        """The name people read; Chinese where the language has none."""
        return self.names.get(lang) or self.names["zh-hans"]


def read_audiences(source: str, *, name: str) -> dict[str, Audience]:
    """The audiences of a TOML text, by code, in file order."""
    file = TomlFile(source, name=name, error=AudienceFileError)
    return {code: _audience(file, code) for code in file.data}


def _audience(file: TomlFile, code: str) -> Audience:
    if not NAME.fullmatch(code):
        file.refuse(code, f"{code!r} is not a name; allowed: {NAME_RULE}")
    table = file.required(file.data, code, dict, "")
    file.only_keys(table, ("name", "scope", "questionnaire", "population"), code)
    names = file.required(table, "name", dict, code)
    for lang in ("zh-hans", "en"):
        if not isinstance(names.get(lang), str) or not names[lang].strip():
            file.refuse(at(code, "name"), f"no text in {lang!r}")
    scope = file.required(table, "scope", str, code)
    file.all_known([scope], SCOPES, at(code, "scope"), "scope")
    population = file.required(table, "population", str, code)
    file.all_known([population], POPULATIONS, at(code, "population"), "population")
    return Audience(code, names, scope, file.required(table, "questionnaire", str, code), population)


_FILE = Path(__file__).with_name("audiences.toml")
AUDIENCES: dict[str, Audience] = read_audiences(_FILE.read_text(encoding="utf-8"), name=_FILE.name)
