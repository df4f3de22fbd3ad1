"""How an artist usually sounds: profiles from every track known, without labels.

A profile is the mean of what an artist's *other* tracks are like. The track itself is left out, and so are its
duplicates: rows with its id, its artist and title, or its very sound. Labels are never read. Where the tracks of a
table chosen by taste are added (those that were judged, a library, the candidates), they refine the means but are not
counted: how many tracks of an artist somebody collected says whom they like, and among candidates it is another number.

Measured on one listener's table of 1,976 tracks and a catalogue of 153,212 tracks, artists never seen in training,
boosted and extra trees averaged, mean ROC AUC over ten folds; "alone" means candidates of whose artists only the
catalogue knows more, "unknown" those of whom nothing is known:

====================================  ======  =====  =======
profiles from                         batch   alone  unknown
====================================  ======  =====  =======
nothing: audio features               .852    .852   .852
the catalogue                         .898    .898
catalogue and table, learned once     .905           .818
catalogue and table, learned twice    .906    .900   .854
the table alone, learned once         .878           .837
the table alone, learned twice        .878           .853
====================================  ======  =====  =======

Learned twice means each row as it is and once more by ``without_context``. That is what makes profiles safe: they cost
nothing where none is known, and without it they are better left out where there is no catalogue.

From 3,000 tracks on each row is learned once, with its profile or, three in ten, without: in half the time, one model
of each of three families ranked tracks with a profile better by .003 and without one worse by .001, in the mean over
four tables of 4,000 and 10,000 tracks of listeners who were made to care how artists sound. Smaller tables keep both,
three parts of ten without (but for families that learn each track once, `models.spec`). On the real table (four
families' defaults averaged, mean of two folds of 1,583 training rows, and of three and two of 500), with and without a
catalogue:

===============================  ===================  ===================
ROC AUC of tracks                with their profile   without
===============================  ===================  ===================
1,583, twice, half and half      .902      .875       .863      .862
1,583, twice, seven and three    .909      .878       .863      .863
1,583, twice, eight and two      .911      .878       .860      .862
1,583, once, three in ten        .909      .880       .859      .862
500, twice, half and half        .867      .847       .836      .838
500, twice, seven and three      .877      .850       .834      .837
500, once, three in ten          .880      .849       .831      .836
===============================  ===================  ===================

Standard deviations changed nothing (-.0004), and shrinking the means lost .001 to .003; without years the AUC fell by
.002, without popularity by .002, without explicit by .006, without the count by .003. Giving an unknown artist the
profile of the artists of the 10 or 50 nearest tracks lost .002 to .003, so there is no such fallback.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.artist_names import artist_keys
from features.fingerprints import KeyArray, TrackRows, text_keys
from features.measures import ABSENT, CONTINUOUS, MEASURES, deviations, means
from features.reference import BoolArray, IntArray, ReferenceTracks, find
from features.state import State, require, take_setting

FloatArray = npt.NDArray[np.float64]

ARTIST_TRACKS: Final = "artist_tracks"
"""log(1 + number of the artist's other tracks in the catalogue)."""
MEAN_COLUMNS: Final = tuple(f"artist_{name}_mean" for name in MEASURES)
STD_COLUMNS: Final = tuple(f"artist_{name}_std" for name in CONTINUOUS)
CONTEXT_COLUMNS: Final = (*MEAN_COLUMNS, *STD_COLUMNS, ARTIST_TRACKS)
"""Every column that there can be."""


@dataclass(frozen=True)
class ArtistProfiles:
    """What is known of artists, and the columns that it gives.

    Parameters
    ----------
    reference : ReferenceTracks
        Every known track.
    columns : tuple of str
        What ``attach`` adds: those of ``CONTEXT_COLUMNS`` that the tracks it was built from can fill.
    """

    reference: ReferenceTracks
    columns: tuple[str, ...]

    @classmethod
    def build(
        cls,
        *,
        catalogue: pd.DataFrame | None = None,
        library: pd.DataFrame | None = None,
        judged: pd.DataFrame | None = None,
        deviations: bool = False,
    ) -> "ArtistProfiles":
        """Learn how artists sound.

        Parameters
        ----------
        catalogue : DataFrame, optional
            Tracks that nobody chose for this listener: canonical columns, as ``catalogue.read_catalogue`` or
            ``schema.validate`` give them. The only ones that are counted.
        library : DataFrame, optional
            Further tracks, collected but not judged.
        judged : DataFrame, optional
            The table that is learned from; its labels are not read. Where not all artists can be kept, its come first.
        deviations : bool
            Whether to add the standard deviations of the artists' tracks.

        Returns
        -------
        ArtistProfiles
            Without columns where nothing is known of any artist. At most 20 MB.
        """
        reference = ReferenceTracks.empty()
        for table, counted in ((catalogue, True), (library, False), (judged, False)):
            if table is not None:
                reference = reference.joined(table, counted=counted)
        reference = reference.bounded(_artists(judged) if judged is not None else np.empty(0, np.uint64))
        given = (reference.codes != ABSENT).any(axis=0)
        names = [name for name, on in zip(MEAN_COLUMNS, given, strict=True) if on]
        if deviations:
            names += [name for name, on in zip(STD_COLUMNS, given, strict=False) if on]
        if reference.counted.any():
            names.append(ARTIST_TRACKS)
        return cls(reference, tuple(names))

    def with_tracks(self, tracks: pd.DataFrame) -> "ArtistProfiles":
        """These profiles, and what candidates tell of each other's artists: not counted, and never twice.

        Parameters
        ----------
        tracks : DataFrame
            Canonical columns; tracks that are known already change nothing.
        """
        return ArtistProfiles(self.reference.joined(tracks, counted=False), self.columns)

    def with_catalogue(self, tracks: pd.DataFrame) -> "ArtistProfiles":
        """These profiles, and the tracks of one more catalogue: counted, and never twice.

        Parameters
        ----------
        tracks : DataFrame
            Canonical columns.
        """
        return ArtistProfiles(self.reference.joined(tracks, counted=True), self.columns)

    def attach(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Add to each track what its artist's other tracks are like.

        Parameters
        ----------
        tracks : DataFrame
            Canonical columns, known tracks or new ones; not changed.

        Returns
        -------
        DataFrame
            With ``columns`` added (or replaced), float64: means and deviations in the features' units, years, points of
            popularity, shares of major keys and explicit tracks. NaN where no other track of the artist is known, or
            none with such a value (for deviations: fewer than two).
        """
        return self._attach(tracks, TrackRows.of(tracks))

    def attach_together(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """As ``with_tracks(tracks).attach(tracks)``, in less time: candidates tell of each other's artists."""
        rows = TrackRows.of(tracks)
        joined = ArtistProfiles(self.reference.joined_rows(rows, counted=False), self.columns)
        return joined._attach(tracks, rows)

    def _attach(self, tracks: pd.DataFrame, rows: TrackRows) -> pd.DataFrame:
        values = np.full((len(tracks), len(self.columns)), np.nan)
        if self.columns and len(self.reference.artists):
            values = self._context(rows)
        context = pd.DataFrame(values, index=tracks.index, columns=list(self.columns))
        return pd.concat([tracks.drop(columns=list(self.columns), errors="ignore"), context], axis=1)

    def get_state(self) -> State:
        """The tracks and the columns."""
        state = self.reference.get_state()
        return State(settings={**state.settings, "columns": list(self.columns)}, arrays=state.arrays)

    @classmethod
    def from_state(cls, state: State) -> "ArtistProfiles":
        """Rebuild; raises ``RankerFormatError`` where the state cannot be right."""
        names = take_setting(state, "columns", list)
        known = [name for name in CONTEXT_COLUMNS if name in names]
        require(names == known, f"the profiles' columns are {names}, expected some of {list(CONTEXT_COLUMNS)} in order")
        return cls(ReferenceTracks.from_state(state), tuple(names))

    def _context(self, rows: TrackRows) -> FloatArray:
        """The columns' values, shape (n_rows, n_columns)."""
        keys = [artist_keys(name) for name in rows.artist_names]
        others = self._others(rows, [several[0] if several else "" for several in keys])
        parts = [
            several[-1] if len(several) > 1 and not known else ""
            for several, known in zip(keys, others.known, strict=True)
        ]
        if any(parts):  # nothing is known by the whole name: it may be a list, so ask for its first part
            others = others.or_else(self._others(rows, parts))
        columns = {
            **dict(zip(MEAN_COLUMNS, means(others.sums, others.counts).T, strict=True)),
            **dict(zip(STD_COLUMNS, deviations(others.sums, others.squares, others.counts).T, strict=False)),
            ARTIST_TRACKS: np.where(others.known, np.log1p(others.counted), np.nan),
        }
        return np.column_stack([columns[name] for name in self.columns])

    def _others(self, rows: TrackRows, artists: Sequence[str]) -> "_Others":
        """What is known of the artists without the rows themselves."""
        reference = self.reference
        owner, keys = rows.keys(artists)
        artist, found = find(reference.artists, owner)
        counts, sums, squares = (np.where(found[:, None], part[artist], 0) for part in reference.sums)
        tracks, counted = (np.where(found, part[artist], 0) for part in (reference.size, reference.n_counted))
        own = reference.find_tracks(keys)
        for kind in range(own.shape[1]):
            track = own[:, kind]
            taken = (track >= 0) & found & (reference.artist[track] == artist)
            taken &= ~(own[:, :kind] == track[:, None]).any(axis=1)  # its id and its title are of one known track
            row, track = np.flatnonzero(taken), track[taken]
            given = reference.codes[track] != ABSENT
            steps = np.where(given, reference.codes[track], 0).astype(np.int64)
            counts[row] -= given
            sums[row] -= steps
            squares[row] -= steps**2
            tracks[row] -= 1
            counted[row] -= reference.counted[track]
        return _Others(counts, sums, squares, tracks > 0, counted)


@dataclass(frozen=True)
class _Others:
    """Sums over the other tracks of each row's artist: arrays of shape (n_rows, 14) or (n_rows,)."""

    counts: IntArray
    sums: IntArray
    squares: IntArray
    known: BoolArray
    counted: IntArray

    def or_else(self, other: "_Others") -> "_Others":
        """The same, with another's rows where nothing is known."""
        known = self.known[:, None]
        return _Others(
            np.where(known, self.counts, other.counts),
            np.where(known, self.sums, other.sums),
            np.where(known, self.squares, other.squares),
            self.known | other.known,
            np.where(self.known, self.counted, other.counted),
        )


def covered(attached: pd.DataFrame) -> BoolArray:
    """Of which tracks' artists other tracks are known, shape (n,); of none without context columns."""
    names = [name for name in CONTEXT_COLUMNS if name in attached]
    return np.asarray(attached[names].notna().to_numpy().any(axis=1))


def without_context(attached: pd.DataFrame) -> pd.DataFrame:
    """The same tracks as if nothing were known of their artists: every context column NaN."""
    names = [name for name in CONTEXT_COLUMNS if name in attached]
    return attached.assign(**dict.fromkeys(names, np.nan))


def _artists(tracks: pd.DataFrame) -> KeyArray:
    """Keys of all artists of a table, whole names and first parts."""
    names = tracks["artist_name"].dropna().unique() if "artist_name" in tracks else ()
    return text_keys(list({key for name in names for key in artist_keys(name)}))
