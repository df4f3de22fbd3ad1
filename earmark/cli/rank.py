"""`earmark rank`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from earmark.cli.options import Catalogue, Json, MaxWait, MinPrecision, Verbose, data, note

FORMATS = ("table", "csv", "json", "m3u")
ENDINGS = {".csv": "csv", ".json": "json", ".m3u": "m3u", ".m3u8": "m3u", ".txt": "table"}


def rank(
    candidates: Annotated[str, typer.Argument(help="A file or a source's name, e.g. demo_candidates.")],
    model: Annotated[str, typer.Option("--model", help="champion, a run id, or a ranker's folder.")] = "champion",
    min_precision: MinPrecision = None,
    top: Annotated[int | None, typer.Option("--top", help="Keep this many instead of cutting.")] = None,
    threshold: Annotated[float | None, typer.Option("--threshold", help="Cut at this like probability.")] = None,
    base_rate: Annotated[
        float | None, typer.Option("--base-rate", help="Share of the candidates you would like, where you know it.")
    ] = None,
    catalogue: Catalogue = None,
    max_wait: MaxWait = 60.0,
    why: Annotated[bool, typer.Option("--why", help="Say which features spoke for and against each track.")] = False,
    shape: Annotated[str | None, typer.Option("--format", help="table, csv, json or m3u.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a file; its ending is the format.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Keep the candidates that will probably be liked, best first."""
    from earmark.cli.live import say_read
    from earmark.cli.pulling import fetching
    from earmark.cli.targets import check_output
    from earmark.files import write_atomically
    from earmark.home import Home
    from earmark.ranking import rank_answer, reasons
    from earmark.reading import read_known, read_tracks
    from models.ranker_folder import load
    from models.ranking import check_cut, is_relative

    if output is not None:
        check_output(output, {"the candidates themselves": candidates, "the catalogue itself": catalogue})
    shape = _shape(shape, output, json=json)
    folder = Home.here().find_ranker(model)
    ranker = load(folder)
    # Before anything is asked of a service whose answer no cut could use.
    check_cut(min_precision, top, threshold, base_rate, relative=is_relative(ranker.info))
    read = read_tracks(candidates, labels=False, catalogue=catalogue, fetching=fetching(max_wait))
    say_read(read)
    _say_ranker(ranker.info, folder.name, read.source)
    if catalogue is not None:
        ranker = ranker.knowing(read_known(catalogue).tracks)
    scored = ranker.scored(read.tracks, base_rate=base_rate)
    ranking = scored.keep(min_precision=min_precision, top=top, threshold=threshold)
    why_each = reasons(scored, ranking.tracks) if why else None
    found = rank_answer(ranking, folder.name, report=read.report, why=why_each)
    text = _text(shape, found, ranking.tracks, to_file=output is not None)
    if output is None:
        data(text)
    else:
        write_atomically(output, text)
        note(f"Written to {output}")
    _summary(found, by_top=top is not None)


def _shape(format_: str | None, output: Path | None, *, json: bool) -> str:
    from features.errors import InputError

    if json:
        format_ = format_ or "json"
        if format_ != "json":
            raise InputError(f"--json and --format {format_} contradict each other", "give one of them")
        other = None if output is None else ENDINGS.get(output.suffix.lower(), "json")
        if other not in (None, "json"):
            raise InputError(
                f"--json and the ending of {output} contradict each other", "leave --json out, or give a name in .json"
            )
    if format_ is None and output is not None:
        format_ = ENDINGS.get(output.suffix.lower())
        if format_ is None:
            raise InputError(f"the ending of {output} says no format", "give --format " + "|".join(FORMATS))
    format_ = format_ or "table"
    if format_ not in FORMATS:
        raise InputError(f"there is no format {format_!r}", "one of: " + ", ".join(FORMATS))
    return format_


def _text(shape: str, found: dict[str, Any], tracks: Any, *, to_file: bool) -> str:
    import json as json_format

    from earmark.ranking import as_csv, as_m3u

    if shape == "json":
        return json_format.dumps(found, indent=2, allow_nan=False) + "\n"
    if shape == "csv":
        return as_csv(found)
    if shape == "m3u":
        return as_m3u(found, tracks["duration_ms"])
    return _table(found, whole=to_file)


def _table(found: dict[str, Any], *, whole: bool) -> str:
    from earmark.cli.tables import text_table
    from earmark.ranking import in_words, printable

    rows = []
    for track in found["tracks"]:
        title = printable(track["track_name"] or track["track_id"])
        known = "known" if track["known"] else ""
        row = [
            str(track["rank"]),
            f"{track['like_probability']:.2f}",
            title,
            printable(track["artist_name"] or ""),
            known,
        ]
        rows.append([*row, in_words(track["reasons"])] if "reasons" in track else row)
    header = ["#", "like", "track", "artist", ""]
    if found["tracks"] and "reasons" in found["tracks"][0]:
        header.append("because")
    return text_table(header, rows, whole=whole)


def _say_ranker(info: Mapping[str, Any], name: str, source: str) -> None:
    """Whose taste is asked: an invented listener's must not be mistaken for one's own."""
    trained = str(info.get("trained", ""))[:10]
    note(f"Ranker {name[:8]}: {info.get('model')}, trained on {info.get('source')} {trained}")
    if info.get("source") == "demo" and not source.startswith("demo"):
        note("This is the taste of the invented demo listener, not yours: 'earmark train' your own table first.")


def _summary(found: dict[str, Any], *, by_top: bool) -> None:
    expected = found["expected_precision"]
    kept, cut = f"{found['n_kept']} of {found['n_candidates']:,} candidates", f"{found['threshold']:.2f}"
    if by_top:
        above = sum(track["predicted_like"] for track in found["tracks"])
        reach = "reaches" if above == 1 else "reach"
        note(f"Kept the best {kept}; {above} of them {reach} the ranker's own cut (like probability >= {cut}).")
    else:
        note(f"Kept {kept} (like probability >= {cut}).")
    known = sum(track["known"] for track in found["tracks"])
    if expected["value"] is not None and known < found["n_kept"]:
        share, low, high = (f"{100 * expected[name]:.0f} %" for name in ("value", "low", "high"))
        note(
            f"Of these, expect {share} to be liked (90 % interval {low} to {high}), "
            "if they were picked as the training tracks were."
        )
    for line in found["notes"]:
        note(f"Note: {line}.")
    if known:
        were = "was" if known == 1 else "were"
        note(f"{known} of the kept tracks {were} in the training table already{_of_known(known, found)}.")


def _of_known(known: int, found: Mapping[str, Any]) -> str:
    """What there is to expect where verdicts are known: a ranker is surest of what it learned from."""
    if found["expected_precision"]["value"] is None:
        return ""
    if known == found["n_kept"]:
        return ": their verdicts are known, so there is nothing to expect" if known > 1 else ": its verdict is known"
    return f", and what to expect counts {'it' if known == 1 else 'them'}, too"
