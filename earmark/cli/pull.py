"""``earmark pull``: bring the library up to date with one source; one file a source."""

import typer

from earmark.cli.pull_csv import pull_csv
from earmark.cli.pull_features import pull_features
from earmark.cli.pull_history import pull_history
from earmark.cli.pull_lastfm import pull_lastfm
from earmark.cli.pull_listenbrainz import pull_listenbrainz
from earmark.cli.pull_spotify import pull_spotify

app = typer.Typer(help="Fetch likes, skips and audio features into the library.", rich_markup_mode=None)
app.command("spotify")(pull_spotify)
app.command("history")(pull_history)
app.command("listenbrainz")(pull_listenbrainz)
app.command("lastfm")(pull_lastfm)
app.command("csv")(pull_csv)
app.command("features")(pull_features)
