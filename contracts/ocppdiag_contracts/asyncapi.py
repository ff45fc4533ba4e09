"""The contract for services in any language, as files: `python -m ocppdiag_contracts.asyncapi contracts` renews them."""

import json
import re
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from ocppdiag_contracts.asyncapi_document import document
from ocppdiag_contracts.schemas import MESSAGES, Schema, ShapeChangedError, remembered, schema_of

SHAPES = "schemas/shapes.json"


def files(examples: Mapping[str, Schema], known: Mapping[str, str]) -> dict[str, str]:
    """Write each file of the contract, by its path; `known` are the shapes that were published before.

    Raises:
        ShapeChangedError: a message has another shape than the one that is known.

    """
    schemas = [schema_of(kind) for kind in MESSAGES]
    contents = {f"schemas/{schema['title']}.json": schema for schema in schemas}
    contents |= {SHAPES: remembered(known, schemas), "asyncapi.json": document(examples)}
    return {
        path: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for path, content in contents.items()
    }


def examples_of(page: str) -> dict[str, Schema]:
    """Read the examples of contracts/README.md, by the name of their message."""
    found = re.findall(r"### `(\w+)`\n.*?```json\n(.*?)```", page, re.DOTALL)
    return {name: json.loads(example) for name, example in found}


def main(arguments: list[str]) -> None:
    """Renew the contract in a folder, with the examples of its README.md; schemas of older versions stay."""
    parser = ArgumentParser(prog="python -m ocppdiag_contracts.asyncapi", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unreleased", action="store_true", help="forget all schemas: nobody uses them yet")
    asked = parser.parse_args(arguments)
    shapes: Path = asked.folder / SHAPES
    shapes.parent.mkdir(exist_ok=True)
    known = {} if asked.unreleased or not shapes.exists() else json.loads(shapes.read_text(encoding="utf-8"))
    try:
        made = files(examples_of((asked.folder / "README.md").read_text(encoding="utf-8")), known)
    except ShapeChangedError as error:
        sys.exit(str(error))
    if asked.unreleased:
        for file in shapes.parent.glob("*.json"):
            file.unlink()
    for path, text in made.items():
        asked.folder.joinpath(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
