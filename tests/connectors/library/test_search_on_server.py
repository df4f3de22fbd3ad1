"""With EARMARK_DATABASE_URL, the studies of a search lie in the same PostgreSQL as the library."""

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy

from connectors.library import Library
from earmark.cli.main import run
from earmark.home import Home


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_train_keeps_its_trials_on_the_server(
    postgresql_url: str, demo_tracks: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_DATABASE_URL", postgresql_url)
    table = tmp_path / "liked.csv"
    demo_tracks.to_csv(table, index=False)
    assert run(["train", str(table), "--trials", "1", "--models", "tree"]) == 0
    home = Home.here()
    with Library.open(home.library_url) as library:
        assert library.tracks().empty
    engine = sqlalchemy.create_engine(home.search_url)
    try:
        tables = set(sqlalchemy.inspect(engine).get_table_names())
        with engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("SELECT count(*) FROM trials")).scalar() == 1
    finally:
        engine.dispose()
    assert {"trials", "studies", "evidence"} <= tables
    assert not (home.mlruns / "search.db").exists()


def test_a_server_that_does_not_answer_is_a_service_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARMARK_DATABASE_URL", "postgresql://me:hidden-word@127.0.0.1:1/earmark")
    assert run(["library"]) == 3
    assert run(["train", "demo", "--trials", "1", "--models", "tree"]) == 3
    said = capsys.readouterr().err
    assert "EARMARK_DATABASE_URL" in said
    assert "hidden-word" not in said
