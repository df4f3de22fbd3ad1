"""All commands under one name."""

import typer

from earmark.cli import doctor, evaluate, library, listing, login, page, pull, push, rank, train, ui, validate
from earmark.cli.options import verbosity

app = typer.Typer(
    name="earmark",
    help="Learn one listener's taste from likes and skips, and keep what they will probably like.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train.train)
app.command()(rank.rank)
app.command()(evaluate.evaluate)
app.command()(validate.validate)
app.add_typer(login.login_app, name="login")
app.add_typer(pull.app, name="pull")
app.add_typer(library.app, name="library")
app.command()(push.push)
app.add_typer(login.logout_app, name="logout")
app.command()(ui.ui)
app.command()(page.page)
app.command()(listing.sources)
app.command()(listing.models)
app.command()(doctor.doctor)


def invoke(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    Exceptions pass, where Typer's own way would silence an interrupt and a broken pipe.
    """
    verbosity.on = False
    try:
        with typer.main.get_command(app).make_context("earmark", arguments) as context:
            context.command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    return 0
