"""How often a made-up account holds what trips up a connector."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rates:
    """Shares of the entries of a made-up account, each in [0, 1].

    Parameters
    ----------
    without_isrc : float
        Recordings whose ISRC Spotify does not tell.
    relinked : float
        Likes that are the recording of the like before them under another id (one ISRC, two ids).
    local : float
        Entries that are files of the listener's own: no id, ``spotify:local:`` as address.
    null : float
        Entries whose track is null: it has vanished.
    episode : float
        Entries of playlists that are episodes.
    repeated : float
        Entries of playlists that repeat the entry before them.
    with_features : float
        Recordings that have audio features at Spotify.
    at_reccobeats : float
        Recordings that ReccoBeats knows; it covers about half of what people like.
    twice_at_reccobeats : float
        Of those, the ones that come in two rows when asked for by ISRC.
    loved, hated : float
        Likes that the listener also loves at ListenBrainz, and as many others that they hate.
    """

    without_isrc: float = 0.02
    relinked: float = 0.01
    local: float = 0.004
    null: float = 0.002
    episode: float = 0.01
    repeated: float = 0.01
    with_features: float = 0.98
    at_reccobeats: float = 0.6
    twice_at_reccobeats: float = 0.05
    loved: float = 0.02
    hated: float = 0.01
