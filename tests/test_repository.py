"""What the repository promises as a whole: a full lock file, targets that work, small and safe modules."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("features", "connectors", "models", "experiments", "earmark")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LONGEST = 300
UNSAFE_MODULES = {"pickle", "_pickle", "cPickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
TARGETS = {"train", "test", "rank", "ui", "lint", "bench", "clean"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def lock() -> str:
    return (ROOT / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def pinned(lock: str) -> dict[str, list[str]]:
    """The lock's requirements: name -> the lines of each of its pins (several where they differ by platform)."""
    entries: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        name = re.split(r"[=\[ ;@]", entry, maxsplit=1)[0]
        entries.setdefault(normalised(name), []).append(entry)
    return entries


def required() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    return [normalised(re.split(r"[<>=!~\[; ]", entry, maxsplit=1)[0]) for entry in wanted]


@pytest.mark.parametrize("name", required())
def test_a_dependency_is_pinned_in_the_lock(name: str, pinned: dict[str, list[str]]) -> None:
    assert name in pinned


def test_every_pin_is_exact_and_has_hashes(pinned: dict[str, list[str]]) -> None:
    for name, entries in pinned.items():
        for entry in entries:
            assert re.match(r"[A-Za-z0-9._-]+==[^\s;]+", entry), f"{name} is not pinned: {entry.splitlines()[0]}"
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), f"{name} has no hash"


def test_the_lock_names_no_host_and_no_other_file(lock: str) -> None:
    settings = [line for line in lock.splitlines() if line.lstrip().startswith("-") and "--hash=" not in line]
    assert not settings
    assert not re.search(r"https?:|://|@ ?(git|file)", lock)


def test_the_lock_serves_all_supported_pythons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11,<3.14"
    assert "3.11 to 3.13" in (ROOT / "Makefile").read_text()


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run make as a person would, also where the tests themselves were started by make."""
    command = shutil.which("make")
    if command is None:
        pytest.skip("make is not installed")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        [command, "--no-print-directory", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def targets() -> dict[str, str]:
    """What `make` alone prints: target -> what it does."""
    done = make()
    assert (done.returncode, done.stderr) == (0, "")
    lines = [re.fullmatch(r"make ([a-z]+) +(\S.*)", line) for line in done.stdout.splitlines()]
    assert all(lines), done.stdout
    return {line[1]: line[2] for line in lines if line}


def test_make_alone_prints_every_target(targets: dict[str, str]) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(targets) >= TARGETS
    assert set(phony[1].split()) == set(targets)


def test_every_target_can_be_made(targets: dict[str, str]) -> None:
    for target in targets:
        done = make("--dry-run", target)
        assert done.returncode == 0, done.stderr


def test_the_readmes_commands_exist(targets: dict[str, str]) -> None:
    readme = (ROOT / "README.md").read_text()
    code = "\n".join(
        re.findall(r"^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL) + re.findall(r"`([^`\n]+)`", readme)
    )
    made = set(re.findall(r"\bmake ([a-z]+)", code))
    assert {"train", "test"} <= made
    assert made <= set(targets)
    done = subprocess.run(
        [sys.executable, "-m", "earmark.cli.main", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    commands = set(re.findall(r"^  ([a-z]+)  ", done.stdout, re.MULTILINE))
    assert set(re.findall(r"(?:^|[\s/])earmark ([a-z]+)\b", code)) <= commands


def test_the_readmes_files_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", readme)
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".gitignore", ".ci/run"])
def test_a_newcomer_finds(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_ci_runs_the_linters_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert {"make lint", "make test"} <= set(script.splitlines())
    assert ".ci/run" in "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.y*ml"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_that_it_is_typed(room: str) -> None:
    """PEP 561; an empty file, which goes into the wheel with the templates."""
    assert (ROOT / room / "py.typed").read_bytes() == b""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data["*"]


def test_no_module_is_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_runs_no_code_from_data(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in UNSAFE_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module] if node.module.split(".")[0] in UNSAFE_MODULES else []
        elif isinstance(node, ast.Call):
            found += _unsafe_call(node)
    assert not found


def _unsafe_call(call: ast.Call) -> list[str]:
    if isinstance(call.func, ast.Name) and call.func.id in UNSAFE_CALLS:
        return [call.func.id]
    unpickles = isinstance(call.func, ast.Attribute) and call.func.attr in {"read_pickle", "to_pickle"}
    allowed = any(
        keyword.arg == "allow_pickle" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for keyword in call.keywords
    )
    return [ast.unparse(call)] if unpickles or allowed else []


def _public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Public functions, classes and their public methods; a method that its class inherits is documented there."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and not inner.name.startswith("_"):
                        yield f"{node.name}.{inner.name}", inner


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_and_what_is_public_in_it_is_documented(path: Path) -> None:
    tree = ast.parse(path.read_text())
    bare = [name for name, node in _public(tree) if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert ast.get_docstring(tree)
    assert not bare


def test_no_file_names_a_machines_own_folders() -> None:
    texts = [*MODULES, *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "requirements.lock"]
    own = re.compile(r"(?<![\w./])/(work|home|Users)/\w")
    assert [name_of(path) for path in texts if own.search(path.read_text())] == []
