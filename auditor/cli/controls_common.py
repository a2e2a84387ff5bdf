"""What the commands of `auditor controls` share."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.app.library import controls_folders
from auditor.catalog.config import SHIPPED, load_config
from auditor.catalog.library import Library, LoadedControl
from auditor.catalog.source import did_you_mean
from auditor.errors import UsageError

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
controls_option = click.option(
    "--controls",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder of controls instead of those in auditor.yaml (or the shipped ones).",
)


def library_folders(chosen: tuple[Path, ...]) -> list[Path]:
    """Folders given, or those of an auditor.yaml here, or the shipped library."""
    if chosen:
        return [folder.resolve() for folder in chosen]
    here = Path("auditor.yaml")
    if here.is_file():
        loaded = load_config(here)
        return controls_folders(loaded.config.controls, loaded.folder)
    return controls_folders([SHIPPED], Path())


def one_control(library: Library, control_id: str) -> LoadedControl:
    """The control of that id.

    Raises:
        UsageError: There is none.
    """
    if control_id not in library.controls:
        nearest = did_you_mean(control_id, library.controls)
        raise UsageError(f"no control `{control_id}`{nearest}", hint="auditor controls list")
    return library.controls[control_id]
