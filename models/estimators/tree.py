"""One decision tree: the family a person can read, and the floor that the others must beat."""

from typing import Self

import numpy.typing as npt

from features.preprocessing import TreeInputs
from features.state import State
from models.binary import BinaryClassifier, FloatArray
from models.space import Choice, Float, Int, Space
from models.spec import ModelSpec
from models.tree_arrays import TreeArrays, read_tree

SPACE: Space = {
    "criterion": Choice(("gini", "entropy"), "entropy"),
    "max_depth": Int(2, 12, 8),
    "min_samples_split": Int(2, 128, 2, log=True),
    "min_samples_leaf": Int(1, 64, 16, log=True),
    "min_impurity_decrease": Choice((0.0, 1e-5, 1e-4, 1e-3), 0.0),
    "max_features": Choice((None, 0.75, 0.5), None),
    "ccp_alpha": Choice((0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2), 3e-3),
    "class_weight": Choice((None, "balanced"), None),
    "shrinkage": Float(0.1, 500.0, 100.0, log=True),
}


class ShrunkenTree(BinaryClassifier):
    """A scikit-learn decision tree, pruned, whose leaves are pulled towards their ancestors.

    Pruning by cost complexity (``ccp_alpha``) takes away the branches that a reader would not miss; `models.tree_rules`
    tells the rest in words.

    Parameters
    ----------
    criterion, max_depth, min_samples_split, min_samples_leaf : str and int
    min_impurity_decrease, max_features, ccp_alpha, class_weight : float and str, or None
        As ``sklearn.tree.DecisionTreeClassifier`` takes them.
    shrinkage : float, >= 0
        In training rows; see ``models.tree_arrays.shrunken``. 0: the leaves' frequencies.
    random_state : int, RandomState or None

    Attributes
    ----------
    tree_ : TreeArrays
        The fitted tree; predicting needs nothing else.
    """

    tree_: TreeArrays

    def __init__(
        self,
        *,
        criterion: str = "entropy",
        max_depth: int | None = 8,
        min_samples_split: int = 2,
        min_samples_leaf: int = 16,
        min_impurity_decrease: float = 0.0,
        max_features: float | None = None,
        ccp_alpha: float = 3e-3,
        class_weight: str | None = None,
        shrinkage: float = 100.0,
        random_state: int | None = None,
    ) -> None:
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_impurity_decrease = min_impurity_decrease
        self.max_features = max_features
        self.ccp_alpha = ccp_alpha
        self.class_weight = class_weight
        self.shrinkage = shrinkage
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Grow the tree and shrink its leaves.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            NaN for missing.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, optional
            Not used: no split is made inside.
        sample_weight : array, shape (n_tracks,), optional
        """
        # growing needs scikit-learn's tree, predicting does not: rankers load without it
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

        X, codes = self._start_fit(X, y)
        grown = DecisionTreeClassifier(
            criterion=self.criterion,
            max_depth=self.max_depth,
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
            min_impurity_decrease=self.min_impurity_decrease,
            max_features=self.max_features,
            ccp_alpha=self.ccp_alpha,
            class_weight=self.class_weight,
            random_state=self.random_state,
        ).fit(X, codes, self._relative_weights(sample_weight, codes))
        self.tree_ = read_tree(grown.tree_, X, codes, self.shrinkage)
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        return self.tree_.predict(X)

    def _fitted_state(self) -> State:
        return self.tree_.get_state()

    def _restore(self, state: State) -> None:
        self.tree_ = TreeArrays.from_state(state, self.n_features_in_)


SPEC = ModelSpec(
    name="tree",
    title="Decision tree",
    role="family",
    preparation=TreeInputs,
    estimator=ShrunkenTree,
    space=SPACE,
    reference="Breiman et al. 1984, CART; space after Mantovani et al. 2018, arXiv:1812.02207; Agarwal et al. 2022",
    order=0,
    priority=5,
    needs_many_labels=True,
    seconds=0.3,
)
