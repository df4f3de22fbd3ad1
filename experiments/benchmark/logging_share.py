"""What recording in MLflow costs the train on the Kaggle CSV.

Where the seconds go is told by ``python -m experiments.benchmark.logging_cost``, which records made-up trains.
"""

from experiments.benchmark.figure import Figure, at_most
from experiments.benchmark.kaggle_train import BUDGET_S, kaggle_train

PERCENT = 5.0
FIRST_LINE = "recording in MLflow"


def run() -> list[Figure]:
    """Seconds from the first word of recording until the new ranker is champion, as a share of the budget.

    An upper bound: saving the ranker, drawing the pictures and comparing with the champion are in it. Opening the run
    happens beside the search, within the budget, and is not.
    """
    train = kaggle_train()
    finished = train.finished
    trials = sum(family["trials"] for family in finished.answer()["families"])
    seconds = train.recorded - finished.second_of(FIRST_LINE)
    left = finished.seconds - train.recorded
    note = f"{seconds:.1f} s for {trials} trials with their pictures, then {left:.1f} s to leave; {finished.load}"
    return [at_most(f"recording, of {BUDGET_S} s", 100 * seconds / BUDGET_S, PERCENT, unit="%", note=note)]
