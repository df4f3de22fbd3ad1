"""How long a person waits for `earmark --help`."""

import sys
import tempfile
from pathlib import Path

from experiments.benchmark.commands import Load, interleaved
from experiments.benchmark.figure import Figure, at_most

REPETITIONS = 9
SECONDS_MORE = 0.4


def run() -> list[Figure]:
    """Median seconds that the installed command needs more than Python does to start and end."""
    script = Path(sys.executable).with_name("earmark")
    name = "'earmark --help' longer than 'python -c pass'"
    if not script.is_file():
        return [Figure(name, None, note=f"{script} is missing: install earmark into this environment")]
    load = Load()
    with tempfile.TemporaryDirectory() as home:
        commands = {"help": (str(script), "--help"), "nothing": (sys.executable, "-c", "pass")}
        seconds = interleaved(commands, REPETITIONS, Path(home))
    note = f"{seconds['help']:.3f} s and {seconds['nothing']:.3f} s, medians of {REPETITIONS}; {load.in_words()}"
    return [at_most(name, seconds["help"] - seconds["nothing"], SECONDS_MORE, unit="s", note=note)]
