"""Writes a page of docs/cda for each model of structured document, from what the library itself reads and writes."""

from importlib import import_module
from pathlib import Path
from typing import Any

from usager_cda.structured import registry
from usager_cda.structured.kinds import Kind, Model, Slot
from usager_server.documents.prefill.outlines import all_outlines

FOLDER = Path(__file__).parents[1] / "docs" / "cda"
MADE = "Made by `python scripts/cda_model_pages.py` from `models`, `sections` and `entries` of `cda/usager_cda`."


def page(model: Model) -> str:
    """Return the text of the page of a model."""
    module = import_module(f"usager_cda.models.{model.name.replace('-', '_')}")
    codes = ", ".join(f"`{code.code}` ({code.display})" for code in model.codes)
    templates = ", ".join(f"`{ii.root}`" + (f" {ii.extension}" if ii.extension else "") for ii in model.templates)
    lines = [
        f"# {str(module.__doc__).strip().partition(chr(10))[0].rstrip('.')}",
        "",
        MADE,
        "",
        f"- `Composition.type`: {codes}; or `meta.profile` `{model.profile}`.",
        f"- templateIds behind the two of every document: {templates}.",
        *([f"- main act: `{model.act.code}` ({model.act.display})."] if model.act else []),
        *([f"- requirements: {', '.join(model.requirements)}."] if model.requirements else []),
        *([f"- practice setting: `{model.setting.code}`."] if model.setting else []),
        *([f"- asked for besides: {_asked(model)}"] if model.asks else []),
        *([f"- {WRITTEN_WHERE[model.name]}"] if model.name in WRITTEN_WHERE else []),
        f"- PDF copy: {_copy(model)}.",
        *_prefilled(model),
        *_example(model),
        "",
        "| section | code | needed | what it lists |",
        "|---|---|---|---|",
        *_rows(model.slots, ""),
    ]
    return "\n".join(lines) + "\n"


def _prefilled(model: Model) -> list[str]:
    outlines = (each for each in all_outlines() if each.model == model.name)
    return [f"- prefilled by [$prefill](../operations/prefill.md) with `type={each.name}`." for each in outlines]


def _copy(model: Model) -> str:
    if model.wants_pdf:
        return "asked for; without one the document is written and the remark says so"
    return "inside when one is given" if model.takes_pdf else "never inside: it travels beside the document"


def _asked(model: Model) -> str:
    """Return what a model asks for besides its sections, in its own words."""
    return str(model.asks.__doc__).partition("\n")[0].partition(": ")[2]


def _example(model: Model) -> list[str]:
    found = EXAMPLES.get(model.name)
    if found is None:
        return []
    links = f"[FHIR in](../examples/{found}.json), [CDA out](../examples/{found}.xml)"
    return [f"- example: {links}."]


WRITTEN_WHERE = {
    "vsm": "always read; written by a server only where its operator sets "
    "[`USAGER_CDA_VSM=true`](../settings.md), and by `usager cda from-fhir` with `--vsm`: "
    "the medical summary of the CI-SIS is [IPS-FR](ips-fr.md).",
}

EXAMPLES = {
    "ips-fr": "synthese-medicale",
    "vsm": "vsm",
    "ft-su": "fiche-de-transfert",
    "vac-note": "note-de-vaccination",
    "trod": "trod",
    "export-dui": "export-dui",
}


def _rows(slots: tuple[Slot, ...], indent: str) -> list[str]:
    rows: list[str] = []
    for slot in slots:
        section = registry.sections()[slot.section]
        kinds = [registry.kinds()[template] for template in section.entries]
        listed = "; ".join(dict.fromkeys(map(_told, kinds))) or ("sections" if slot.inside else "narrative only")
        title = slot.title or section.title
        needed = "yes" if slot.least else ""
        code = f"`{section.code.code}`" + (" or another of its kind" if section.others else "")
        rows.append(f"| {indent}{title} `{section.template}` | {code} | {needed} | {listed} |")
        rows += _rows(slot.inside, indent + "— ")
    return rows


def _told(kind: Kind) -> str:
    """Return what a kind of entry is, in the words of its room."""
    function: Any = kind.read
    module = import_module(getattr(function, "func", function).__module__)
    return str(module.__doc__).strip().partition("\n")[0].rstrip(".").replace("<->", "↔")


def main() -> None:
    """Write the pages."""
    for model in registry.models().values():
        (FOLDER / f"{model.name}.md").write_text(page(model), "utf-8")


if __name__ == "__main__":
    main()
