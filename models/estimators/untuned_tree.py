"""Baseline: scikit-learn's decision tree as it comes, grown until every leaf is pure."""

from features.preprocessing import TreeInputs
from models.estimators.tree import ShrunkenTree
from models.spec import ModelSpec


class UntunedTree(ShrunkenTree):
    """``ShrunkenTree`` with the parameters of scikit-learn's own tree and no shrinkage.

    Parameters
    ----------
    random_state : int, RandomState or None
    """

    def __init__(self, *, random_state: int | None = None) -> None:
        super().__init__(
            criterion="gini",
            max_depth=None,
            min_samples_split=2,
            min_samples_leaf=1,
            ccp_alpha=0.0,
            shrinkage=0.0,
            random_state=random_state,
        )


SPEC = ModelSpec(
    name="untuned_tree",
    title="Untuned decision tree",
    role="baseline",
    preparation=TreeInputs,
    estimator=UntunedTree,
    space={},
    reference="scikit-learn's DecisionTreeClassifier with its defaults",
    order=2,
)
