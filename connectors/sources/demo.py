"""The demo listener's labelled tracks: no account, no download.

``connectors.demo`` invents them; the same seed gives the same listener as ``demo_candidates`` offers candidates to.
"""

import pandas as pd

from connectors.demo.listener import N_ARTISTS, DemoListener, demo_listener
from connectors.demo.styles import STYLES
from connectors.registry import SourceSpec
from connectors.source import Reading, SourceRequest
from features.errors import InputError

__all__ = ["SOURCE", "DemoListener", "DemoSource", "demo_listener"]


class DemoSource:
    """2,000 tracks that an invented listener liked or skipped."""

    name: str = "demo"

    def __init__(self, seed: int = 0, *, labels: bool = True) -> None:
        self.seed = seed
        self.labels = labels

    def read(self) -> Reading:
        """Invent the tracks; ``best_prediction`` is that from audio features, for artists never heard before."""
        listener = demo_listener(self.seed)
        n_tracks, n_liked = len(listener.tracks), int(listener.tracks["liked"].sum())
        invented = (
            f"invented listener (seed {self.seed}): {n_tracks:,} tracks by {N_ARTISTS} artists in {len(STYLES)} "
            f"styles, {n_liked:,} liked"
        )
        bound = (
            "the best ROC AUC that audio features allow on artists never heard before is "
            f"{listener.best_possible_auc:.3f} ({listener.best_auc_knowing_artists:.3f} for who knows the artists)"
        )
        best = pd.Series(listener.feature_probability, index=listener.tracks["track_id"])
        tracks = listener.tracks if self.labels else listener.tracks.drop(columns="liked")
        return Reading(tracks, notes=(invented, bound), best_prediction=best)


def open_demo(request: SourceRequest) -> DemoSource:
    """Open the demo listener; raises ``InputError`` for a label that is wanted but that it does not have."""
    if request.labels and request.label not in (None, "liked"):
        raise InputError(
            f'{request.reference} has no label column "{request.label}"',
            'Leave --label out: the demo\'s label is "liked".',
        )
    return DemoSource(request.seed, labels=request.labels)


SOURCE = SourceSpec(name="demo", summary="an invented listener, 2,000 labelled tracks (default)", open=open_demo)
