"""The pictures of a train, ready to be recorded or saved.

Figures are matplotlib's own objects without pyplot: nothing opens a window, nothing keeps them in memory.
"""

from matplotlib.figure import Figure

from experiments.figures_judgement import calibration, confusion, precision_recall, roc
from experiments.figures_search import feature_effects, learning_curve, search_history
from experiments.figures_tree import tree
from experiments.results import TrainResult


def figures(result: TrainResult) -> dict[str, Figure]:
    """All pictures of a train.

    Parameters
    ----------
    result : TrainResult

    Returns
    -------
    dict of str to Figure
        Name of the file without its ending -> picture. A learning curve for every family that learns in epochs, and
        a tree where trees were searched.
    """
    pictures = {
        "roc": roc(result),
        "precision_recall": precision_recall(result),
        "calibration": calibration(result),
        "confusion": confusion(result),
        "search_history": search_history(result),
        "feature_effects": feature_effects(result),
    }
    learners = [family for family in result.families if family.curves]
    pictures |= {f"learning_curve_{family.name}": learning_curve(family) for family in learners}
    return pictures if result.tree is None else pictures | {"tree": tree(result.tree)}
