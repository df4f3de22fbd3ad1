"""The registry finds every family, imports no more than asked, and hides no mistake."""

import subprocess
import sys
from pathlib import Path

import pytest

import models.estimators
from features.errors import InputError
from models import registry

GOOD = """
from models.estimators.majority import SPEC as OTHER
from dataclasses import replace
SPEC = replace(OTHER, name="{name}")
"""


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A second folder of families; returns a function that writes a module into it."""
    monkeypatch.setattr(models.estimators, "__path__", [*models.estimators.__path__, str(tmp_path)])
    yield lambda name, text: (tmp_path / f"{name}.py").write_text(text)
    for name, module in list(sys.modules.items()):
        if name.startswith("models.estimators.") and str(module.__file__).startswith(str(tmp_path)):
            del sys.modules[name]


def test_families_and_baselines_in_order() -> None:
    names = ["tree", "extra_trees", "boosted_trees", "additive", "symmetric_trees", "gaussian_process", "dense"]
    assert [spec.name for spec in registry.families()] == names
    assert [spec.name for spec in registry.baselines()] == ["majority", "untuned_tree", "historic_dense", "artist_mean"]


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match="'forest'") as caught:
        registry.spec("forest")
    assert "boosted_trees" in caught.value.hint


def test_template_is_no_family() -> None:
    assert "_template" not in registry.names()
    with pytest.raises(InputError):
        registry.spec("_template")


def test_a_new_file_is_found(added) -> None:
    added("echo", GOOD.format(name="echo"))
    assert registry.spec("echo").name == "echo"
    assert "echo" in [spec.name for spec in registry.baselines()]


def test_two_of_one_name_are_an_error(added) -> None:
    added("tree", GOOD.format(name="tree"))
    with pytest.raises(RuntimeError, match=r"two modules .* 'tree'"):
        registry.families()


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("import no_such_package", ImportError, "broken.py cannot be imported: .*no_such_package"),
        ("1 / 0", ImportError, "broken.py cannot be imported: division"),
        ("SPEC = 3", RuntimeError, "broken.py has no SPEC"),
        (GOOD.format(name="other"), RuntimeError, "calls itself 'other'"),
    ],
)
def test_a_broken_module_is_never_silent(added, text: str, error: type[Exception], words: str) -> None:
    added("broken", text)
    with pytest.raises(error, match=words):
        registry.families()


def test_spec_imports_its_module_only_and_nothing_heavy() -> None:
    code = (
        "import sys; from models.registry import families, spec; spec('tree');"
        "loaded = {m for m in sys.modules if m.startswith('models.estimators.')};"
        "assert loaded == {'models.estimators.tree'}, loaded; families();"
        "heavy = {'tensorflow', 'keras', 'xgboost', 'sklearn.tree'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
