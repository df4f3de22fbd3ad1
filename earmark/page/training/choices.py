"""What the form of the view offers, in words."""

from collections.abc import Mapping
from typing import Any, Final

from experiments.config import MAX_SEED
from experiments.metrics import METRICS
from experiments.splits import Split
from models.registry import families

SPLITS: Final[Mapping[Split, str]] = {
    "artist": "Judged on artists that it has never heard: the honest view for new music.",
    "random": "Judged on other tracks of artists that it knows: usually looks better.",
    "time": "Learns from older tracks, judged on the newest: needs the date each was added.",
}
"""One sentence for each way of keeping tracks away."""
BUDGETS: Final = ((30, "30 s"), (120, "2 min"), (600, "10 min"))
"""Seconds that the form offers, and their names."""
DEFAULT_BUDGET: Final = 120


def form_choices() -> dict[str, Any]:
    """The families, metrics, splits and budgets that can be chosen, for the template."""
    return {
        "families": [(spec.name, spec.title) for spec in families()],
        "metrics": [(name, metric.title) for name, metric in METRICS.items() if not metric.needs_threshold],
        "splits": list(SPLITS.items()),
        "budgets": BUDGETS,
        "default_budget": DEFAULT_BUDGET,
        "max_seed": MAX_SEED,
    }
