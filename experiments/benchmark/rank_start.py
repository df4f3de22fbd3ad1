"""How long a person waits for `earmark rank`, beside what importing the libraries alone takes."""

import sys
import tempfile
from pathlib import Path

import pandas as pd

from experiments.benchmark.commands import Load, earmark, earmark_command, interleaved
from experiments.benchmark.figure import Figure, at_most
from experiments.benchmark.shared_tables import kaggle_csv, shared_table

N_CANDIDATES = 1000
REPETITIONS = 7
RATIO = 2.0
LIBRARIES = "import pandas, sklearn.tree, xgboost"


def run() -> list[Figure]:
    """Median time of ranking 1,000 real tracks by boosted trees, the slowest family to load, over the imports'."""
    source, catalogue = str(kaggle_csv()), shared_table("catalogue/tracks.parquet")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        candidates = home / "candidates.csv"
        pd.read_parquet(catalogue).sample(N_CANDIDATES, random_state=0).to_csv(candidates, index=False)
        earmark("train", source, "--trials", "12", "--models", "boosted_trees", home=home)
        load = Load()
        commands = {
            "rank": earmark_command("rank", str(candidates)),
            "imports": (sys.executable, "-c", LIBRARIES),
        }
        seconds = interleaved(commands, REPETITIONS, home)
    note = f"{seconds['rank']:.2f} s over {seconds['imports']:.2f} s, medians of {REPETITIONS}; {load.in_words()}"
    name = f"time of ranking {N_CANDIDATES:,} tracks over that of '{LIBRARIES}'"
    return [at_most(name, seconds["rank"] / seconds["imports"], RATIO, unit="x", note=note)]
