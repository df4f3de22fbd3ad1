"""Ranked tracks as people and programs want them: a JSON answer, CSV, an M3U playlist."""

import csv
import io
import math
from typing import Any

import pandas as pd

from connectors.demo.names import is_demo_id
from earmark.feature_words import feature_in_words
from features.report import ValidationReport
from models.ranking import Ranking
from models.scored import Scored

REASONS = 3
"""Reasons shown for a track."""
SPOTIFY_ID_LENGTH = 22


def reasons(scored: Scored, tracks: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The strongest effects on each track's score, strongest first.

    Parameters
    ----------
    scored : Scored
    tracks : DataFrame
        Some of its tracks, such as a ranking keeps.

    Returns
    -------
    list of list of dict
        ``feature``, its ``value`` (None where missing) and its ``effect`` on the log-odds of being liked.
    """
    rows = (tracks["rank"] - 1).tolist()
    effects = scored.explain(rows).drop(columns="base")
    # what models read knows the release year, too
    values = scored.inputs.iloc[rows].drop(columns=list(tracks.columns), errors="ignore").set_axis(tracks.index)
    found = []
    for (_, track), (_, row) in zip(pd.concat([tracks, values], axis=1).iterrows(), effects.iterrows(), strict=True):
        strongest = row.abs().sort_values(ascending=False, kind="stable").index[:REASONS]
        found.append(
            [
                {"feature": name, "value": _number(track.get(name)), "effect": round(float(row[name]), 4)}
                for name in strongest
            ]
        )
    return found


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str) or pd.isna(value):
        return None
    return float(value)


def rank_answer(
    ranking: Ranking,
    model: str,
    *,
    report: ValidationReport,
    why: list[list[dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """The answer of `earmark rank --json`.

    Parameters
    ----------
    ranking : Ranking
    model : str
        The ranker's name.
    report : ValidationReport
        Of the candidates: what could not be ranked, and how many rows were duplicates.
    why : list, optional
        From `reasons`.
    """
    value, low, high = (None if math.isnan(number) else round(number, 4) for number in ranking.expected_precision)
    tracks = []
    for position, track in enumerate(ranking.tracks.to_dict("records")):
        entry: dict[str, Any] = {
            "rank": int(track["rank"]),
            "track_id": _text(track["track_id"]),
            "track_name": _text(track.get("track_name")) or None,
            "artist_name": _text(track.get("artist_name")) or None,
            "like_probability": round(float(track["like_probability"]), 6),
            "predicted_like": bool(track["predicted_like"]),
            "known": bool(track["known"]),
        }
        if why is not None:
            entry["reasons"] = why[position]
        tracks.append(entry)
    return {
        "model": model,
        "threshold": ranking.threshold,
        "n_candidates": ranking.n_candidates,
        "n_kept": len(tracks),
        "set_aside": dict(report.set_aside),
        "merged": report.merged,
        "expected_precision": {"value": value, "low": low, "high": high},
        "base_rate": _base_rate(ranking),
        "notes": list(ranking.notes),
        "tracks": tracks,
    }


def _base_rate(ranking: Ranking) -> dict[str, Any] | None:
    """The candidates' share of likes, as their scores tell it."""
    found = ranking.base_rate
    if found is None:
        return None
    numbers = {"value": found.rate, "estimate": found.estimate, "low": found.low, "high": found.high}
    return {**{name: round(number, 4) for name, number in numbers.items()}, "adjusted": found.shifted}


def as_csv(answer: dict[str, Any]) -> str:
    """The kept tracks as CSV, one row a track, reasons in one column."""
    columns = ["rank", "track_id", "track_name", "artist_name", "like_probability", "predicted_like", "known"]
    with_reasons = any("reasons" in track for track in answer["tracks"])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "reasons"] if with_reasons else columns)
    for track in answer["tracks"]:
        row = ["" if track[name] is None else track[name] for name in columns]
        writer.writerow([*row, in_words(track["reasons"])] if with_reasons else row)
    return text.getvalue()


def as_m3u(answer: dict[str, Any], durations_ms: pd.Series) -> str:
    """The kept tracks as an extended M3U playlist.

    A Spotify id becomes its web address. A track without one (the demo's have none) is a comment, which converters look
    up and players skip: a title from a stranger's table must not become a file that is played.

    Parameters
    ----------
    answer : dict
        From `rank_answer`.
    durations_ms : Series of float, shape (n_kept,)
        NaN where unknown.
    """
    lines = ["#EXTM3U"]
    for track, duration in zip(answer["tracks"], durations_ms, strict=True):
        title = printable(" - ".join(part for part in (track["artist_name"], track["track_name"]) if part))
        seconds = -1 if math.isnan(duration) else round(duration / 1000)
        lines.append(f"#EXTINF:{seconds},{title or printable(track['track_id'])}")
        if is_spotify_id(track["track_id"]) and not is_demo_id(track["track_id"]):
            lines.append(f"https://open.spotify.com/track/{track['track_id']}")
    return "\n".join(lines) + "\n"


def is_spotify_id(track_id: str) -> bool:
    """Whether an id is one of Spotify's: 22 letters and digits."""
    return len(track_id) == SPOTIFY_ID_LENGTH and track_id.isascii() and track_id.isalnum()


def in_words(why: list[dict[str, Any]]) -> str:
    """Reasons in one line: ``danceability 0.83: +0.41, energy missing: -0.10``; none that would be told as 0.00."""
    told = [(reason, f"{reason['effect']:+.2f}") for reason in why]
    return ", ".join(
        f"{feature_in_words(reason['feature'], reason['value'])}: {effect}"
        for reason, effect in told
        if float(effect) != 0.0
    )


def printable(text: str) -> str:
    """Text without control characters: a title must not move a terminal's cursor or break a playlist's lines."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
