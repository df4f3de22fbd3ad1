"""earmark learns one listener's taste and filters any playlist down to the tracks they will probably like.

>>> import earmark
>>> tracks = earmark.read("data.csv")  # doctest: +SKIP
>>> ranker = earmark.fit(tracks, budget=120)  # doctest: +SKIP
>>> kept = ranker.rank(earmark.read("candidates.csv"), min_precision=0.8)  # doctest: +SKIP
"""

TYPE_CHECKING = False  # as typing's, which would be imported before the command line minds Ctrl-C
if TYPE_CHECKING:
    from earmark.api import fit, load, read
    from features.errors import EarmarkError
    from models.ranker import Ranker

__all__ = ["EarmarkError", "Ranker", "fit", "load", "read"]


def __getattr__(name: str) -> object:
    """Import pandas and the models only when something is asked for: `earmark --help` should not wait for them."""
    if name not in __all__:
        raise AttributeError(f"module 'earmark' has no attribute {name!r}")
    from earmark import api  # noqa: PLC0415

    return getattr(api, name)
