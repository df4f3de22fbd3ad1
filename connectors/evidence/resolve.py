"""From evidence to labels: at most one label a recording, by the table of rules."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.evidence.rules import RULE_OF


def resolve(evidence: pd.DataFrame, recording: npt.NDArray[np.integer]) -> pd.DataFrame:
    """One label a recording.

    The strongest rule that a recording has evidence of decides alone. Evidence of equal rank on both sides contradicts:
    the later word counts where both sides are dated, else nobody can tell and the label is missing.

    Parameters
    ----------
    evidence : DataFrame
        Columns of ``connectors.library.rows.EvidenceRow``, in any order of rows. Rows of no weight say nothing.
    recording : ndarray of int, shape (n_rows,)
        The recording that each row is about.

    Returns
    -------
    DataFrame
        One row a recording with evidence, by ``recording`` ascending: ``liked`` 1.0, 0.0 or NaN (contradicted),
        ``weight`` in (0, 1] or NaN, ``decided_by`` (the kind; of the latest word where contradicted), ``conflicting``
        (some evidence of whatever rank says the opposite), ``at`` (when the deciding word was said, NaT if unknown).

    Raises
    ------
    ValueError
        For a kind that no rule knows.
    """
    rows = _ranked(evidence, recording)
    if rows.empty:
        return _nothing()
    said = rows.groupby("recording")["liked"].agg(["min", "max"])
    conflicting = said["min"] != said["max"]
    deciding = rows[rows["rank"] == rows.groupby("recording")["rank"].transform("min")]
    # Every column takes part in the order, so that the order in which rows were written cannot matter.
    order = ["recording", "liked", "at", "weight", "kind", "source", "track_id"]
    sides = deciding.sort_values(order, na_position="first").groupby(["recording", "liked"])
    words = sides.tail(1).set_index(["recording", "liked"])
    words["weight"] = sides["weight"].max()
    return _last_word(words.reset_index(), conflicting)


def _ranked(evidence: pd.DataFrame, recording: npt.NDArray[np.integer]) -> pd.DataFrame:
    """Rows that say something, with their rank and with weights cut to what their rule allows."""
    unknown = sorted(set(evidence["kind"]) - set(RULE_OF))
    if unknown:
        raise ValueError(f"no rule knows the kinds of evidence {unknown}")
    kinds = evidence["kind"].astype(object)
    ceiling = kinds.map({kind: rule.weight for kind, rule in RULE_OF.items()}).to_numpy(dtype=float)
    weight = np.minimum(evidence["weight"].to_numpy(dtype=float), ceiling)
    rows = pd.DataFrame(
        {
            "recording": np.asarray(recording, dtype=np.int64),
            "liked": evidence["liked"].to_numpy(dtype=bool),
            "at": pd.DatetimeIndex(pd.to_datetime(evidence["at"], utc=True)).as_unit("us"),
            "weight": weight,
            "kind": kinds.to_numpy(),
            "source": evidence["source"].astype(object).to_numpy(),
            "track_id": evidence["track_id"].astype(object).to_numpy(),
            "rank": kinds.map({kind: rule.rank for kind, rule in RULE_OF.items()}).to_numpy(dtype=float),
        }
    )
    said: pd.DataFrame = rows[weight > 0]  # not so for NaN
    return said


def _last_word(words: pd.DataFrame, conflicting: "pd.Series[bool]") -> pd.DataFrame:
    """One row a recording out of at most one row a side."""
    # Sorted so that the later side comes last, an undated one first.
    words = words.sort_values(["recording", "at", "liked"], na_position="first")
    last = words.groupby("recording").tail(1).set_index("recording")
    first = words.groupby("recording").head(1).set_index("recording")
    contradicted = (first["liked"] != last["liked"]) & ~(first["at"] < last["at"])  # not so for NaT either
    return pd.DataFrame(
        {
            "recording": last.index.to_numpy(),
            "liked": np.where(contradicted, np.nan, last["liked"].to_numpy(dtype=float)),
            "weight": np.where(contradicted, np.nan, last["weight"]),
            "decided_by": last["kind"].to_numpy(),
            "conflicting": conflicting.loc[last.index].to_numpy(),
            "at": pd.DatetimeIndex(last["at"]),
        }
    )


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "recording": np.zeros(0, dtype=np.int64),
            "liked": np.zeros(0),
            "weight": np.zeros(0),
            "decided_by": pd.Series(dtype="str"),
            "conflicting": np.zeros(0, dtype=bool),
            "at": pd.DatetimeIndex([], tz="UTC").as_unit("us"),
        }
    )
