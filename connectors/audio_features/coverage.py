"""How much is known of the tracks that matter, and from whom."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from connectors.audio_features.wanted import Survey
from features.columns import AUDIO_FEATURES


@dataclass(frozen=True)
class Coverage:
    """Coverage of features.

    Parameters
    ----------
    recordings : int
        That features are wanted for.
    with_features : int
        Of which something is known that needs listening to the sound; a duration alone does not count.
    by_source : dict of str to int
        Recordings that a source has told something about; one may be told about by several.
    missing : dict of str to int
        By feature, how many of those with features lack it; without those that lack none.
    """

    recordings: int
    with_features: int
    by_source: dict[str, int]
    missing: dict[str, int]

    @property
    def share(self) -> float:
        """The share with features, in [0, 1]; 1 where nothing is wanted."""
        return self.with_features / self.recordings if self.recordings else 1.0

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "recordings": self.recordings,
            "with_features": self.with_features,
            "share": round(self.share, 4),
            "by_source": dict(self.by_source),
            "missing": dict(self.missing),
        }

    def lines(self) -> list[str]:
        """The same for people."""
        if not self.recordings:
            return ["no track needs features yet: pull likes, a history or a table first"]
        head = f"features of {self.with_features:,} of {self.recordings:,} tracks ({100 * self.share:.0f} %)"
        told = ", ".join(f"{source} {n:,}" for source, n in self.by_source.items())
        lines = [f"{head}: {told}" if told else head]
        if self.missing:
            lines.append(
                "not known of all of these: " + ", ".join(f"{name} ({n:,})" for name, n in self.missing.items())
            )
        return lines


def coverage(survey: Survey) -> Coverage:
    """Count what is known.

    Parameters
    ----------
    survey : Survey
        As it is now: made after the last change, or told of every change.
    """
    matters = np.zeros(len(survey.known), dtype=bool)
    matters[survey.place[survey.asked]] = True
    heard = matters & survey.sounds_known()
    by_source = {source: int((told & heard).sum()) for source, told in survey.answered.items() if (told & heard).any()}
    lacking = {name: int((survey.lacks(name) & heard).sum()) for name in AUDIO_FEATURES}
    return Coverage(
        recordings=int(matters.sum()),
        with_features=int(heard.sum()),
        by_source=dict(sorted(by_source.items(), key=lambda entry: (-entry[1], entry[0]))),
        missing={name: n for name, n in lacking.items() if n},
    )
