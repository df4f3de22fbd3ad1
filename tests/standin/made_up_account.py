"""Accounts of any size, invented from a seed."""

import hashlib
import uuid

from tests.standin.account import Account, Entry
from tests.standin.made_up import VANISHED, VARIANTS, MadeUpCatalogue, episode_key, local_key
from tests.standin.rates import Rates
from tests.standin.tracks import Feedback, Track

_NEWEST = 1_780_000_000  # unix seconds of the newest like; one like an hour or so before it
_BEYOND = 20_000  # recordings that nobody liked: for playlists, top tracks and pushes
_FRIEND = "a_friend"


def made_up_account(n_likes: int, seed: int, n_playlists: int, playlist_size: int, rates: Rates) -> Account:
    """An account as `Account.made_up` describes it; the listener's name at ListenBrainz is "made_up_listener"."""
    catalogue = MadeUpCatalogue(n_likes + _BEYOND, seed, rates)
    account = Account(catalogue, user_id=f"made_up_{seed}", account_id=f"acc{seed:07d}")
    account.likes = [Entry(_NEWEST - 3_600 * place, _liked_key(catalogue, place)) for place in range(n_likes)]
    names = ("Skipped", "Party", "Calm", "Running", "Old Favourites")
    for number in reversed(range(n_playlists)):
        name = names[number] if number < len(names) else f"Mix {number}"
        account.add_playlist(name, _playlist_keys(catalogue, n_likes + number * playlist_size, playlist_size))
    account.add_playlist("A Friend's Mix", _plain_keys(n_likes + 10_000, playlist_size), owner_id=_FRIEND, public=True)
    account.add_playlist(
        "Nobody Follows", _plain_keys(n_likes + 11_000, 20), owner_id=_FRIEND, public=True, followed=False
    )
    for number, time_range in enumerate(("short_term", "medium_term", "long_term")):
        account.top[time_range] = _plain_keys(n_likes + 12_000, 10 * number) + [
            VARIANTS * place for place in range(0, min(n_likes, 180), 3 + number)
        ]
    account.listenbrainz["made_up_listener"] = _feedback(catalogue, n_likes)
    return account


def _liked_key(catalogue: MadeUpCatalogue, place: int) -> int:
    rates, draw = catalogue.rates, catalogue.chance("like", place)
    if draw < rates.null:
        return VANISHED
    if draw < rates.null + rates.local:
        return local_key(place)
    if draw < rates.null + rates.local + rates.relinked and place:
        return VARIANTS * (place - 1) + 1
    return VARIANTS * place


def _plain_keys(first: int, count: int) -> list[int]:
    return [VARIANTS * recording for recording in range(first, first + count)]


def _playlist_keys(catalogue: MadeUpCatalogue, first: int, count: int) -> list[int]:
    rates = catalogue.rates
    keys: list[int] = []
    for place in range(first, first + count):
        draw = catalogue.chance("playlist", place)
        kinds = (
            (rates.null, VANISHED),
            (rates.local, local_key(place)),
            (rates.episode, episode_key(place)),
            (rates.repeated, keys[-1] if keys else VARIANTS * place),
        )
        key = VARIANTS * place
        for rate, awkward in kinds:
            if draw < rate:
                key = awkward
                break
            draw -= rate
        keys.append(key)
    return keys


def _feedback(catalogue: MadeUpCatalogue, n_likes: int) -> list[Feedback]:
    loved = [place for place in range(n_likes) if catalogue.chance("love", place) < catalogue.rates.loved]
    hated = [
        place for place in range(n_likes, n_likes + n_likes // 2 + 20)
        if catalogue.chance("hate", place) < catalogue.rates.hated
    ]  # fmt: skip
    judged = [(1, place) for place in loved] + [(-1, place) for place in hated[: _BEYOND // 2]]
    return [
        feedback_of(catalogue.find(catalogue.entry(VARIANTS * place).track_id), score, _NEWEST - 60 * number)  # type: ignore[union-attr, arg-type]
        for number, (score, place) in enumerate(judged)
        if place < catalogue.n_recordings
    ]


def feedback_of(track: Track, score: int, created: int) -> Feedback:
    """A love or hate of a track, with MusicBrainz-like ids made from its own."""
    digest = hashlib.sha256(track.track_id.encode()).digest()
    return Feedback(
        score=score,
        created=created,
        track_name=track.track_name,
        artist_name=" & ".join(name for _, name in track.artists),
        release_name=track.album_name,
        recording_mbid=str(uuid.UUID(bytes=digest[:16], version=4)),
        recording_msid=str(uuid.UUID(bytes=digest[16:], version=4)),
    )
