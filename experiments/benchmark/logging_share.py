"""What recording in MLflow costs the train on the Kaggle CSV.

Where the seconds go is told by ``python -m experiments.benchmark.logging_cost``, which records made-up trains.
"""

from experiments.benchmark.figure import Figure, at_most
from experiments.benchmark.kaggle_train import BUDGET_S, kaggle_train

PERCENT = 5.0
FIRST_LINE = "recording in MLflow"


def run() -> list[Figure]:
    """Seconds from the first word of recording to the command's end, as a share of the budget.

    An upper bound: saving the ranker, drawing the pictures, comparing with the champion and leaving Python are in it.
    Opening the run happens beside the search and takes none of these seconds.
    """
    finished = kaggle_train()
    trials = sum(family["trials"] for family in finished.answer()["families"])
    seconds = finished.seconds - finished.second_of(FIRST_LINE)
    note = f"{seconds:.1f} s for {trials} trials, pictures and leaving included; {finished.load}"
    return [at_most(f"recording, of {BUDGET_S} s", 100 * seconds / BUDGET_S, PERCENT, unit="%", note=note)]
