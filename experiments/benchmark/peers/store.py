"""Results on disk: one JSON file a fit, in a folder for all that its outcome depends on, each written in one step."""

import ast
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from experiments.benchmark.peers.methods import Cell

ROOT = Path(__file__).parents[3]
ROOMS = ("features", "connectors", "models", "experiments", "earmark")
NOT_FITTING = (
    "connectors/audio_features/",
    "connectors/csv_pull.py",
    "connectors/demo/",
    "connectors/evidence/",
    "connectors/history/",
    "connectors/lastfm/",
    "connectors/library/",
    "connectors/listenbrainz/",
    "connectors/pull_report.py",
    "connectors/spotify/",
    "earmark/cli/",
    "earmark/page/",
    "experiments/benchmark/",
    "experiments/figures_",
    "experiments/readable_tree.py",
    "experiments/reports.py",
    "experiments/row_writer.py",
    "experiments/run_",
    "experiments/tracking.py",
    "models/tree_rules.py",
    "models/tree_wording.py",
)
"""Code that no fit of ours runs through: its changes leave results as they are."""
OUR_SCRIPT = "experiments/benchmark/peers/fit_ours.py"
PEERS_SCRIPT = "experiments/benchmark/peers/fit_peer.py"
ABOUT = "about.json"

Side = Literal["ours", "peers"]


@dataclass(frozen=True)
class Result:
    """What came of one cell.

    Parameters
    ----------
    cell : Cell
    n_train : int
    liked : tuple of int
        Labels of the test rows.
    probability : tuple of float
        P(liked) of the test rows; empty where the method failed.
    seconds : float
        Of fitting and predicting, without starting Python and importing.
    started : str
        When, in ISO 8601, UTC.
    others_cores : float or None
        Cores that other processes used meanwhile, in the mean: what the seconds are worth; None where unknown.
    note : str
        What the method said of itself; where it failed, why.
    """

    cell: Cell
    n_train: int
    liked: tuple[int, ...]
    probability: tuple[float, ...]
    seconds: float
    started: str
    others_cores: float | None = None
    note: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is nothing to judge."""
        return not self.probability


@dataclass(frozen=True)
class Folder:
    """Results of one side under equal data, versions and code.

    Parameters
    ----------
    path : Path
        Made when something is written.
    about : mapping
        What the results depend on, and the machine.
    """

    path: Path
    about: Mapping[str, Any]

    def write(self, result: Result) -> None:
        """Keep a result; a file is whole or not there."""
        self.path.mkdir(parents=True, exist_ok=True)
        if not (self.path / ABOUT).is_file():
            write_atomically(self.path / ABOUT, json.dumps(dict(self.about), indent=2) + "\n")
        write_atomically(self.path / f"{result.cell.key}.json", json.dumps(asdict(result)) + "\n")

    def read(self, cell: Cell) -> Result | None:
        """The result of a cell; None where there is none, or its file is damaged."""
        try:
            entry = json.loads((self.path / f"{cell.key}.json").read_text(encoding="utf-8"))
            result = Result(
                **{
                    **entry,
                    "cell": Cell(**entry["cell"]),
                    "liked": tuple(entry["liked"]),
                    "probability": tuple(entry["probability"]),
                }
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        whole = result.failed or len(result.probability) == len(result.liked)
        return result if result.cell == cell and whole else None


def store_root() -> Path:
    """Where all results lie: below ``mlruns``, as all that runs leave."""
    return Path(os.environ.get("EARMARK_HOME") or ".").expanduser().resolve() / "mlruns" / "benchmark" / "peers"


def folder_for(root: Path, side: Side, about: Mapping[str, Any]) -> Folder:
    """The folder of results that depend on all this, but not on the machine."""
    depends = {name: value for name, value in about.items() if name != "machine"}
    digest = hashlib.sha256(json.dumps([side, depends], sort_keys=True).encode()).hexdigest()
    return Folder(root / f"{side}-{digest[:16]}", about)


def newest_folder(root: Path, side: Side) -> Folder | None:
    """The folder of a side that was begun last; None where there is none."""
    found = sorted(root.glob(f"{side}-*/{ABOUT}"), key=lambda path: path.stat().st_mtime)
    return Folder(found[-1].parent, json.loads(found[-1].read_text(encoding="utf-8"))) if found else None


def file_digest(path: Path | None) -> str:
    """SHA-256 of a file; empty where there is none."""
    if path is None or not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def code_digest(paths: Iterable[Path], root: Path = ROOT) -> str:
    """SHA-256 of what modules do: their names and syntax trees, so that a comment changes nothing."""
    parts = [
        (path.relative_to(root).as_posix(), _syntax_digest(path, path.stat().st_mtime_ns)) for path in sorted(paths)
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def our_code(root: Path = ROOT) -> list[Path]:
    """The modules that a fit of ours runs through."""
    found = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    kept = [path for path in found if not path.relative_to(root).as_posix().startswith(NOT_FITTING)]
    return [*kept, root / OUR_SCRIPT]


def write_atomically(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the old text or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@cache
def _syntax_digest(path: Path, _changed: int) -> str:
    """Of one module; read anew where it changed since."""
    return hashlib.sha256(ast.dump(ast.parse(path.read_text(encoding="utf-8"))).encode()).hexdigest()
