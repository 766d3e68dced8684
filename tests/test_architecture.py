"""The house rules that a machine can check: arrows, pure files, lengths, templates, addresses, paths."""

import ast
import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from survey_site.accounts.access import TRUSTED_VIEW_MODULES
from survey_site.accounts.models import Role

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("surveys", "scoring", "analysis", "survey_site")  # each may import those before it, and itself
PURE = (
    "scoring/numeric", "surveys/questionnaire.py", "surveys/questionnaire_parts.py", "surveys/item_file.py",
    "surveys/question_type.py", "surveys/question_types.py", "surveys/answers.py", "surveys/audiences.py",
    "surveys/problems.py", "surveys/presented.py", "surveys/typed.py", "surveys/toml_file.py",
    "surveys/seals.py", "surveys/targets.py", "surveys/place_targets.py", "surveys/draws.py",
    "analysis/rule_kinds",
    *(
        f"analysis/{name}.py"
        for name in (
            "findings", "file_errors", "standard_parts", "standard_file", "standard_words", "standard",
            "columns", "facts", "dispersions", "dispersion_additions", "quantities", "school_table",
            "splitting", "county_items", "judging", "shortfalls", "passing", "evaluation_json",
        )
    ),
)  # fmt: skip
LONGEST_FILE_LINES = 350
# A table with a line per page is one idea however many pages there are.
ONE_TABLE = "survey_site/urls.py"


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, also new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module a file imports, wherever in the file, with the line; relative ones made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def room_files(room: str) -> list[Path]:
    return [path for path in tracked(f"{room}/*.py") if "/migrations/" not in name_of(path)]


def wrong_arrows(path: Path, room: str) -> list[str]:
    higher = ROOMS[ROOMS.index(room) + 1 :]
    return [
        f"{name_of(path)}:{line} imports {module}"
        for line, module in imports(path)
        if module.split(".")[0] in (*higher, "tests", "bench")
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room):
    files = room_files(room)
    assert files
    assert [arrow for path in files for arrow in wrong_arrows(path, room)] == []


def test_a_wrong_arrow_is_found_also_inside_a_function():
    path = ROOT / "surveys" / "made_up.py"
    try:
        path.write_text("def late():\n    from scoring.rules import load\n    return load\n")
        assert wrong_arrows(path, "surveys") == [
            "surveys/made_up.py:2 imports scoring.rules",
            "surveys/made_up.py:2 imports scoring.rules.load",
        ]
    finally:
        path.unlink()


def test_pure_files_know_no_django_and_the_numeric_core_nothing_of_ours():
    found = []
    for place in PURE:
        for path in tracked(place):
            if path.suffix != ".py":
                continue
            for line, module in imports(path):
                top = module.split(".")[0]
                ours = top in ROOMS and name_of(path).startswith("scoring/numeric/")
                if top in ("django", "celery") or (ours and not module.startswith("scoring.numeric")):
                    found.append(f"{name_of(path)}:{line} imports {module}")
    assert found == []


def test_pure_files_import_no_file_that_imports_django():
    """What a pure file imports of its own room must be free of Django too."""
    found = []
    for place in PURE:
        for path in tracked(place):
            if path.suffix == ".py":
                found += [f"{name_of(path)} → {chain}" for chain in django_below(path, seen=set())]
    assert found == []


def django_below(path: Path, *, seen: set[Path]) -> Iterator[str]:
    seen.add(path)
    for _, module in imports(path):
        if module.split(".")[0] == "django":
            yield name_of(path)
        below = ROOT / (module.replace(".", "/") + ".py")
        if module.split(".")[0] in ROOMS and below.is_file() and below not in seen:
            yield from django_below(below, seen=seen)


def test_our_own_flow_runs_on_no_signals():
    senders = re.compile(r"\b(post_save|pre_save|post_delete|pre_delete|m2m_changed|@receiver)\b")
    assert [
        name_of(path)
        for room in ROOMS
        for path in room_files(room)
        if senders.search(path.read_text(encoding="utf-8"))
    ] == []


def test_no_file_holds_a_second_idea():
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked("*.py")
        if "/migrations/" not in name_of(path) and not name_of(path).startswith("tests/")
    }
    lengths.pop(ONE_TABLE)
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE_LINES} == {}


def test_no_room_has_a_drawer_for_everything():
    assert [
        name_of(path) for path in tracked("*.py") if path.stem in ("utils", "util", "common", "helpers")
    ] == []


def test_locked_packages_have_hashes_and_no_index_address():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "index" not in text.replace("argon2", "")
        pins = re.findall(r"^[a-z0-9][^ ]*==[^\n]*", text, re.MULTILINE)
        assert len(pins) > 30
        for block in re.split(r"\n(?=[a-z0-9])", text):
            if re.match(r"[a-z0-9][^ ]*==", block):
                assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_developers_list_holds_the_other_one():
    """`make test` installs it and counts the other as installed."""
    pin = re.compile(r"^([a-z0-9][^ ]*==[^ ]+)", re.MULTILINE)
    ours = set(pin.findall((ROOT / "requirements.txt").read_text()))
    assert ours - set(pin.findall((ROOT / "requirements-dev.txt").read_text())) == set()


def test_no_file_names_a_package_index_or_a_folder_of_one_machine():
    # Put together here, so that this file does not name them either.
    hosts = [
        "py" + "pi.org",
        "python" + "hosted.org",
        "tsinghua" + ".edu",
        "npm" + "js.org",
        "unp" + "kg.com",
    ]
    folders = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/far" + "m/"]
    pattern = re.compile(
        "|".join([re.escape(host) for host in hosts] + [rf"(?<![\w.]){re.escape(f)}" for f in folders])
    )
    found = []
    for path in tracked():
        if path.suffix in (".gz", ".mo", ".png", ".ico", ".xlsx", ".xls", ".ttf", ".woff2"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name_of(path)}:{number} {line.strip()[:80]}")
    assert found == []


TEMPLATE_RULES = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "somebody else's address": re.compile(
        r"(?:src|href|action|url)\s*[=(]\s*[\"']?(?:https?:)?//", re.IGNORECASE
    ),
    "javascript in a link": re.compile(r"javascript:", re.IGNORECASE),
}


def template_faults(text: str) -> list[str]:
    return [fault for fault, pattern in TEMPLATE_RULES.items() if pattern.search(text)]


def test_templates_hold_no_inline_script_or_style_and_call_nobody_else():
    templates = [path for path in tracked("*.html") if path.suffix == ".html"]
    assert templates
    found = {name_of(path): template_faults(path.read_text(encoding="utf-8")) for path in templates}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_stylesheets_and_scripts_of_ours_fetch_nothing_from_elsewhere():
    pattern = re.compile(r"(?:@import|url\(|fetch\(|src\s*=)\s*[\"'(]?\s*[\"']?(?:https?:)?//")
    assert [name_of(path) for path in tracked("*.css", "*.js") if pattern.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<script>alert(1)</script>", "an inline script"),
        ('<p style="color: red">', "an inline style"),
        ('<a onclick="go()">', "an inline event handler"),
        ('<link href="//cdn.example/x.css">', "somebody else's address"),
        ('<script src="https://cdn.example/x.js"></script>', "somebody else's address"),
    ],
)
def test_a_fault_in_a_template_is_found(text, fault):
    assert template_faults(text) == [fault]


@pytest.mark.django_db
def test_every_model_has_its_migration():
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes" in out.getvalue()


def routes(patterns: list, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        else:
            yield path, entry


def test_every_address_says_who_may_open_it():
    """Public, for named roles, or a page of a package that checks for itself; nothing else exists.

    Of the operators' admin, which pages are reachable at all is for `test_admin.py`.
    """
    undeclared, roles = [], set()
    for path, pattern in routes(get_resolver().url_patterns):
        if path.startswith("admin/"):
            continue
        access = getattr(pattern.callback, "access", None)
        if access is None:
            if not pattern.callback.__module__.startswith(TRUSTED_VIEW_MODULES):
                undeclared.append(path)
        elif access != "public":
            roles |= set(access)
    assert undeclared == []
    assert roles <= set(Role.values)
