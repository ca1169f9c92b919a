"""`attune profile`: its commands and where they are found."""

import typer

from infra.cli import carrying, editing, forgetting, people, versions, why

app = typer.Typer(no_args_is_help=True)

app.command(epilog="Example: attune profile show ada")(people.show)
app.command(epilog='Example: attune profile edit ada "less politics, more jazz"')(editing.edit)
app.command("versions", epilog="Example: attune profile versions ada --limit 5")(versions.show)
app.command(epilog="Example: attune profile rollback ada 12")(versions.rollback)
app.command(epilog="Example: attune profile plot ada --out weights.png")(versions.plot)
app.command(epilog='Example: attune profile why ada "jazz"')(why.why)
app.command(epilog="Example: attune profile export ada --out ada.json")(carrying.export)
app.command("import", epilog="Example: attune profile import ada ada.json")(carrying.import_document)
app.command(epilog="Example: attune profile forget ada --export ada.json --wait")(forgetting.forget)
