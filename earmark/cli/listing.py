"""`earmark sources` and `earmark models`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.cli.options import Json, Verbose, answer, data

if TYPE_CHECKING:
    from earmark.home import Home


def sources(json: Json = False, verbose: Verbose = False) -> None:
    """List where tracks can come from."""
    from connectors.registry import sources as all_sources
    from earmark.cli.tables import text_table

    found = all_sources()
    if json:
        answer([{"name": source.name, "summary": source.summary} for source in found.values()])
    else:
        data(text_table(["source", "what it is"], [[source.name, source.summary] for source in found.values()]))


def models(json: Json = False, verbose: Verbose = False) -> None:
    """List the model families, the baselines, and the rankers trained here."""
    from earmark.cli.tables import text_table
    from earmark.home import Home
    from models.registry import baselines, families

    specs = [*families(), *baselines()]
    rankers = _rankers(Home.here())
    if json:
        kinds = [
            {"name": spec.name, "title": spec.title, "role": spec.role, "reference": spec.reference} for spec in specs
        ]
        answer({"models": kinds, "rankers": rankers})
        return
    rows = [[spec.name, spec.role, spec.title, ", ".join(spec.space) or "-"] for spec in specs]
    data(text_table(["model", "role", "what it is", "tuned"], rows))
    if rankers:
        header = ["ranker", "model", "source", "trained", ""]
        rows = [
            [str(ranker[name]) for name in header[:4]] + ["champion" if ranker["champion"] else ""]
            for ranker in rankers
        ]
        data("\n" + text_table(header, rows))


def _rankers(home: Home) -> list[dict[str, object]]:
    """Rankers saved here, newest first; a damaged one is listed as such."""
    from features.errors import EarmarkError
    from models.ranker_folder import read_info

    champion = home.champion()
    found: list[dict[str, object]] = []
    for folder in home.rankers.glob("[!.]*"):
        try:
            info = read_info(folder)
        except EarmarkError:
            info = {"model": "damaged"}
        entry = {name: info.get(name, "-") for name in ("model", "source", "trained")}
        found.append({"ranker": folder.name, **entry, "champion": folder == champion})
    return sorted(found, key=lambda entry: str(entry["trained"]), reverse=True)
