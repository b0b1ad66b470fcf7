from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from repository_pages import ROOT, anchors, files, pages, prose

FORBIDDEN = {
    "somebody's home folder": r"/(?:home|Users)/[a-z][\w.-]*/|/roo[t]/",
    "a folder of one machine": r"/wor[k]/|/tm[p]/w/",
    "a key": r"\bs[k]-(?!abcdef|.{0,9}test|.{0,9}canary)[A-Za-z0-9_-]{20,}",
    "a leftover of a merge": r"^(?:<{7}|>{7}) ",
    "work that was put off": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
}
BINARY = {".sqlite", ".png", ".gz", ".pyc"}


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def test_no_file_speaks_of_what_it_must_not() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {what}: {match[0]!r}"
        for file in files()
        if file.suffix not in BINARY
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, read(file), re.MULTILINE)
    ]
    assert found == []


def test_every_relative_link_leads_somewhere() -> None:
    broken = []
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = unquote(target).partition("#")
            place = (page.parent / path).resolve() if path else page
            if not place.exists() or (anchor and anchor not in anchors(place)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def said_of(folder: Path) -> bool:
    """Whether a folder's own README or docstring says what it is for, or one above it names it."""
    if (folder / "README.md").is_file():
        return True
    package = folder / "__init__.py"
    if package.is_file() and ast.get_docstring(ast.parse(read(package))):
        return True
    parents = [parent for parent in folder.parents if parent.is_relative_to(ROOT)]
    above = [ROOT / "CONTRIBUTING.md", *folder.parent.glob("*.py"), *(parent / "README.md" for parent in parents)]
    return any(f"{folder.name}/`" in read(file) for file in above if file.is_file())


@pytest.mark.parametrize(
    "folder",
    sorted({place for file in files() for place in file.relative_to(ROOT).parents if place != Path()}),
    ids=str,
)
def test_every_folder_says_what_it_is_for(folder: Path) -> None:
    assert said_of(ROOT / folder), f"{folder} has neither a README, nor a docstring, nor a line in the README above"


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in files()
        if file.suffix == ".py" and "tests" not in file.parts and not ast.get_docstring(ast.parse(read(file)))
    ]
    assert silent == []


def test_the_dependencies_of_the_project_are_those_of_the_page() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    page = read(ROOT / "docs" / "dependencies.md")
    missing = []
    for one in wanted:
        name, range_ = re.fullmatch(r"([\w-]+)(.*)", one).groups()
        row = next((line for line in page.splitlines() if re.match(rf"\| (?:[\w, -]+, )?{name}\b", line)), "")
        if not row or range_ not in row:
            missing.append(one)
    assert missing == []


def test_the_architecture_names_every_room_and_every_shelf_s_plug_ins() -> None:
    page = read(ROOT / "docs" / "architecture.md")
    house = ROOT / "qwcli"
    for room in (folder for folder in house.iterdir() if (folder / "__init__.py").is_file()):
        assert f"── {room.name}/" in page
    for shelf in ("dialects", "policies", "graders"):
        line = next(line for line in page.splitlines() if f"── {shelf}/" in line)
        for plug_in in (house / shelf).glob("[!_]*.py"):
            assert plug_in.stem in line


def test_the_architecture_names_every_table_of_the_ledger() -> None:
    page = read(ROOT / "docs" / "architecture.md")
    tables = re.findall(r"CREATE TABLE (\w+)", read(ROOT / "qwcli" / "store" / "ledger_schema.py"))
    assert len(tables) >= 7
    assert [name for name in tables if f"| `{name}` |" not in page] == []
