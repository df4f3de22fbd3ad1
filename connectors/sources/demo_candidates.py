"""Unlabelled tracks for the demo listener: half by familiar artists, half by new ones, ten of them already known."""

from connectors.demo.listener import N_KNOWN_CANDIDATES, demo_listener
from connectors.registry import SourceSpec
from connectors.source import Reading, SourceRequest
from features.errors import InputError


class DemoCandidates:
    """300 tracks to rank for the demo listener of the same seed."""

    name: str = "demo_candidates"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def read(self) -> Reading:
        """Invent the candidates."""
        candidates = demo_listener(self.seed).candidates
        note = (
            f"invented candidates (seed {self.seed}): {len(candidates)} tracks, {N_KNOWN_CANDIDATES} of them also in "
            "the demo listener's table"
        )
        return Reading(tracks=candidates, notes=(note,))


def open_demo_candidates(request: SourceRequest) -> DemoCandidates:
    """Open the candidates; raises ``InputError`` where a label is wanted."""
    if request.labels and request.label is not None:
        raise InputError(
            f'{request.reference} has no label column "{request.label}"',
            "Leave --label out: candidates have no labels.",
        )
    return DemoCandidates(request.seed)


SOURCE = SourceSpec(
    name="demo_candidates", summary="300 unlabelled tracks for the demo listener", open=open_demo_candidates
)
