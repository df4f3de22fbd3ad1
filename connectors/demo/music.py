"""Artists and their tracks: artists deviate from their style, tracks from their artist.

Conventions: arrays of one value a track; features come out in Spotify's units, rounded to the digits Spotify publishes,
so that they (and all that is computed from them) are the same on every platform.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.demo.names import artist_names, track_ids, track_titles
from connectors.demo.styles import CORRELATION, KEY_SHARES, LATENTS, SPREAD, STYLES
from features.columns import ANALYSED_FEATURES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HEARD_FROM = pd.Timestamp("2022-01-01", tz="UTC")
HEARD_DAYS = 4 * 365
_ARTIST_SHARE = 0.4  # of the variance within a style: an artist's tracks are alike, yet not the same
_MISSING_SHARE = 0.01
_ZERO_SHARE = 0.36  # tracks with vocals whose instrumentalness is exactly 0, in real tables


@dataclass(frozen=True)
class Artists:
    """Artists, shape (n_artists,) each: name, index of their style, and how they deviate from it.

    ``deviation`` (n_artists, len(LATENTS)) is in units of a style's spread; ``popularity`` in points; ``age`` in years
    between a track's release and its being heard; ``instrumental`` and ``explicit`` are shares of their tracks.
    """

    names: list[str]
    style: Ints
    deviation: Floats
    instrumental: Floats
    explicit: Floats
    popularity: Floats
    age: Floats


def draw_artists(count: int, rng: np.random.Generator) -> Artists:
    """Draw artists: every style by its weight, deviations correlated as features are."""
    weights = _column("weight")
    style = np.searchsorted(np.cumsum(weights / weights.sum())[:-1], rng.random(count), side="right")
    return Artists(
        names=artist_names(count, rng),
        style=style,
        deviation=np.sqrt(_ARTIST_SHARE) * _correlated(count, rng),
        instrumental=_around(_column("instrumental_share")[style], rng),
        explicit=_around(_column("explicit_share")[style], rng),
        popularity=_column("popularity")[style] + 12.0 * rng.standard_normal(count),
        age=_column("age")[style] * np.exp(0.6 * rng.standard_normal(count)),
    )


def tracks_per_artist(n_tracks: int, n_artists: int, rng: np.random.Generator) -> Ints:
    """Number of tracks of each artist (n_artists,), heavy-tailed, at least 1 each and ``n_tracks`` in all."""
    weights = np.exp(1.2 * rng.standard_normal(n_artists))
    return 1 + rng.multinomial(n_tracks - n_artists, weights / weights.sum())


def draw_tracks(artists: Artists, artist: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Draw one track for each entry of ``artist`` (indices into ``artists``): the canonical columns without ``liked``.

    They are ordered by ``added_at``, newest first, as Spotify lists saved tracks.
    """
    count = len(artist)
    heard = np.sort(rng.integers(HEARD_DAYS * 86_400, size=count))[::-1]
    added_at = pd.Series(HEARD_FROM + pd.to_timedelta(heard, unit="s")).dt.as_unit("us")
    return pd.DataFrame(
        {
            "track_id": track_ids(count, rng),
            "track_name": track_titles(count, rng),
            "artist_name": [artists.names[index] for index in artist],
            **_audio_features(artists, artist, rng),
            "release_date": _release_dates(added_at, artists.age[artist], rng),
            "explicit": pd.array(rng.random(count) < artists.explicit[artist], dtype="boolean"),
            "popularity": np.clip(np.rint(artists.popularity[artist] + 9.0 * rng.standard_normal(count)), 0.0, 100.0),
            "added_at": added_at,
        }
    )


def lose_analyses(tracks: pd.DataFrame, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Drop the audio analysis of about 1 % of the tracks, in place; returns which, (n_tracks,).

    All features but ``duration_ms``, which Spotify knows without an analysis, become missing.
    """
    lost = rng.random(len(tracks)) < _MISSING_SHARE
    tracks.loc[lost, list(ANALYSED_FEATURES)] = np.nan
    return lost


def _audio_features(artists: Artists, artist: Ints, rng: np.random.Generator) -> dict[str, Floats]:
    style = artists.style[artist]
    own = artists.deviation[artist] + np.sqrt(1.0 - _ARTIST_SHARE) * _correlated(len(artist), rng)
    latent = dict(zip(LATENTS, (own * SPREAD).T, strict=True))

    def share(name: str) -> Floats:
        return _sigmoid(_logit(_column(name)[style]) + latent[name])

    features = {
        "acousticness": np.clip(share("acousticness"), 1e-6, 0.996),
        "danceability": share("danceability"),
        "duration_ms": 1000.0 * _column("duration")[style] * np.exp(latent["duration_ms"]),
        "energy": share("energy"),
        "instrumentalness": _instrumentalness(artists.instrumental[artist], rng),
        "key": _keys(len(artist), rng),
        "liveness": np.clip(_column("liveness")[style] * np.exp(latent["liveness"]), 0.015, 0.99),
        "loudness": np.clip(_column("loudness")[style] + latent["loudness"], -45.0, 0.5),
        "mode": (rng.random(len(artist)) < _column("major_share")[style]).astype(float),
        "speechiness": np.clip(_column("speechiness")[style] * np.exp(latent["speechiness"]), 0.023, 0.96),
        "tempo": _tempo(style, latent["tempo"], rng),
        "time_signature": _time_signatures(_column("waltz_share")[style], rng),
        "valence": share("valence"),
    }
    digits = {"acousticness": 6, "instrumentalness": 6, "duration_ms": 0}
    return {name: np.round(values, digits.get(name, 3)) for name, values in features.items()}


def _instrumentalness(instrumental_share: Floats, rng: np.random.Generator) -> Floats:
    # Two heaps, as in real tables: near 0.85 without a voice, else nothing or a trace.
    count = len(instrumental_share)
    without_voice = _sigmoid(1.9 + 0.9 * rng.standard_normal(count))
    trace = np.where(rng.random(count) < _ZERO_SHARE, 0.0, 10.0 ** rng.uniform(-6.0, -1.5, count))
    return np.where(rng.random(count) < instrumental_share, without_voice, trace)


def _keys(count: int, rng: np.random.Generator) -> Floats:
    return np.searchsorted(np.cumsum(KEY_SHARES)[:-1], rng.random(count), side="right").astype(float)


def _tempo(style: Ints, latent: Floats, rng: np.random.Generator) -> Floats:
    tempo = _column("tempo")[style] * np.exp(_column("tempo_spread")[style] * latent)
    octave = rng.random(len(style)) < _column("octave_share")[style]
    # A beat tracker that errs by an octave lands in the range of common tempi: slow songs double, fast ones halve.
    return np.clip(np.where(octave, np.where(tempo < 112.0, 2.0 * tempo, tempo / 2.0), tempo), 42.0, 218.0)


def _time_signatures(waltz_share: Floats, rng: np.random.Generator) -> Floats:
    draw = rng.random(len(waltz_share))
    return np.select([draw < waltz_share, draw > 0.988, draw > 0.985], [3.0, 5.0, 1.0], 4.0)


def _release_dates(added_at: "pd.Series[pd.Timestamp]", age: Floats, rng: np.random.Generator) -> list[str]:
    days = np.rint(365.25 * age * np.exp(0.35 * rng.standard_normal(len(age)))).clip(1.0, 24_000.0)
    dates = (added_at - pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d")
    length = np.select([rng.random(len(age)) < 0.08, rng.random(len(age)) < 0.02], [4, 7], 10)  # old records: year only
    return [date[:end] for date, end in zip(dates, length, strict=True)]


def _correlated(count: int, rng: np.random.Generator) -> Floats:
    """Standard normal rows, (count, len(LATENTS)), with ``CORRELATION``; a Cholesky factor is unique."""
    return rng.standard_normal((count, len(LATENTS))) @ np.linalg.cholesky(CORRELATION).T


def _around(share: Floats, rng: np.random.Generator) -> Floats:
    """One share an artist: most are near 0 or 1, the mean is the style's."""
    return rng.beta(np.maximum(1.2 * share, 1e-3), 1.2 * (1.0 - share))


def _column(name: str) -> Floats:
    return np.array([getattr(style, name) for style in STYLES], dtype=np.float64)


def _logit(share: Floats) -> Floats:
    return np.log(share / (1.0 - share))


def _sigmoid(logit: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-logit))
