"""``earmark push``."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.options import Json, MaxWait, Verbose, answer, data, note, visible

if TYPE_CHECKING:
    from connectors.library import Library, MadePlaylist
    from connectors.spotify.push import PushPlan

_SHOWN = 10


def push(
    file: Annotated[Path | None, typer.Argument(help="What 'earmark rank -o FILE' wrote, or any list of ids.")] = None,
    name: Annotated[str, typer.Option("--name", help="The playlist's name.")] = "Predicted likes",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would be done is shown.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring back what was there before the last push.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Show a new playlist on your profile.")] = False,
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Send tracks to a playlist that earmark makes and keeps; private, and shown to you before anything is changed."""
    from connectors.spotify.client import SpotifyClient
    from connectors.spotify.lists import read_list
    from connectors.spotify.push import plan_push, plan_undo
    from connectors.spotify.push import push as send
    from connectors.spotify.settings import PUSH_SCOPES
    from earmark.cli.pulling import open_library, show_progress, show_wait
    from features.errors import InputError

    if undo == (file is not None):
        raise InputError(
            "--undo takes no file" if undo else "no file was named",
            "earmark push FILE --name NAME, or earmark push --undo --name NAME",
        )
    name = name.strip()
    if not name:
        raise InputError("the playlist's name is empty", 'give one, e.g. --name "Predicted likes"')
    found = None if file is None else read_list(file)
    with (
        open_library() as library,
        SpotifyClient.signed_in(scopes=PUSH_SCOPES, max_wait=max_wait, on_wait=show_wait) as client,
    ):
        if found is None:
            plan = plan_undo(library, client, name)
        else:
            plan = plan_push(library, client, name, found.uris)
            if found.unknown:
                note(f"{found.unknown:,} row(s) have no id of Spotify's and are left out")
        playlist_id = None if plan.made is None else plan.made.playlist_id
        unknown: tuple[str, ...] = ()
        if yes:
            with show_progress() as on_progress:
                made = send(library, client, plan, public=public, on_progress=on_progress)
            playlist_id = None if made is None else made.playlist_id
            if made is not None:
                there = set(made.uris)
                unknown = tuple(uri for uri in plan.wanted if uri not in there)
                plan = replace(plan, wanted=made.uris)
                _note_what_went_otherwise(made, unknown)
        if json:
            answer(_answer(plan, playlist_id, unknown, done=yes))
        else:
            data("\n".join(_words(plan, library, playlist_id, done=yes)) + "\n")


def _note_what_went_otherwise(made: "MadePlaylist", unknown: tuple[str, ...]) -> None:
    """What is not as the plan said."""
    if unknown:
        more = ", ..." if len(unknown) > _SHOWN else ""
        note(f"left out, for Spotify does not know them ({len(unknown):,}): {', '.join(unknown[:_SHOWN])}{more}")
    if made.snapshot_id is None:
        note("the playlist was changed in Spotify meanwhile: push again to mend it")


def _answer(plan: "PushPlan", playlist_id: str | None, unknown: tuple[str, ...], *, done: bool) -> dict[str, Any]:
    return {
        "playlist": plan.name,
        "playlist_id": playlist_id,
        "done": done,
        "makes": plan.made is None,
        "deletes": plan.delete,
        "added": list(plan.added),
        "removed": list(plan.removed),
        "reordered": plan.moves,
        "lost": plan.lost,
        "unknown": list(unknown),
        "tracks": len(plan.wanted),
    }


def _words(plan: "PushPlan", library: "Library", playlist_id: str | None, *, done: bool) -> list[str]:
    """The difference as people read it, and what comes next."""
    if plan.delete:
        head = f"{'Deleted' if done else 'Would delete'} the playlist {plan.name!r}, which the last push made."
        entry, go = ("entry", "goes") if plan.lost == 1 else ("entries", "go")
        lost = [f"  {plan.lost:,} {entry} that earmark did not put in {go} with it"] if plan.lost else []
        return [head, *lost] if done else [head, *lost, "Nothing was changed yet: add --yes to do it."]
    kind = "the new playlist" if plan.made is None else "the playlist"
    lines = [f"{'Sent to' if done else 'Would send to'} {kind} {plan.name!r}: {len(plan.wanted):,} tracks."]
    names = _names(library, (*plan.added, *plan.removed))
    for sign, uris in (("+", plan.added), ("-", plan.removed)):
        lines += [f"  {sign} {names.get(uri, uri)}" for uri in uris[:_SHOWN]]
        if len(uris) > _SHOWN:
            lines.append(f"  {sign} ... and {len(uris) - _SHOWN:,} more")
    if plan.moves:
        lines.append("  the order of the tracks that stay changes")
    if plan.lost:
        lines.append(f"  {plan.lost:,} entries that cannot be brought back go: local files, or gone from Spotify")
    if plan.made is not None and not plan.changes:
        lines.append("  it holds these tracks already, in this order")
    if done and playlist_id is not None:
        lines.append(f"https://open.spotify.com/playlist/{playlist_id}")
        lines.append(f'To take it back: earmark push --undo --name "{plan.name}"')
    elif not done:
        lines.append("Nothing was changed yet: add --yes to do it.")
    return lines


def _names(library: "Library", uris: tuple[str, ...]) -> dict[str, str]:
    """Artist and title by URI, of the tracks that the library knows."""
    tracks = library.tracks()
    tracks = tracks[tracks["track_id"].isin({uri.rsplit(":", 1)[-1] for uri in uris})]
    shown = zip(tracks["track_id"], tracks["artist_name"], tracks["track_name"], strict=True)
    return {
        f"spotify:track:{track_id}": visible(f"{artist.replace(';', ', ')} - {title}")
        for track_id, artist, title in shown
        if isinstance(artist, str) and isinstance(title, str)
    }
