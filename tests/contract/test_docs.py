"""The pages say what the code does, their links lead somewhere, and nothing is of one machine."""

import ast
import re
import tomllib

import pytest

from pet_mtl import config, errors

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# Split so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.])/(?:root|work|mnt)/\w|/home/(?!user\b)\w+|/tmp/\w")
INDEX = re.compile(r"pypi\.|files\.python" + "hosted|index-url|ghcr\\.|docker\\.io")


@pytest.mark.parametrize(
    "name",
    ["cli.md", "errors.md", "configuration.md", "tfrecord-format.md", "broken-studies.md"],
)
def test_generated_page_is_current(generator, root, name):
    stored = (root / "docs" / name).read_text(encoding="utf-8")
    assert stored == generator.pages()[name], "run `make docs` and commit the pages"


def test_documented_defaults_are_the_defaults(generator):
    page = generator.configuration_page()
    text = page.split("```toml\n")[1].split("```")[0]
    assert config.from_dict(config.TrainConfig, tomllib.loads(text)) == config.TrainConfig()


def test_every_configuration_key_is_explained(generator):
    rows = re.findall(r"^\| `([\w.]+)` \| `.*` \| (.*) \|$", generator.configuration_page(), re.M)
    assert len(rows) > 20
    assert [key for key, meaning in rows if not meaning] == []


def kinds() -> set[str]:
    return {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PetMtlError)
    }


def test_every_error_raised_has_a_documented_code(generator, root):
    """Found in another way than the generator does: by the raise, not by the code's looks."""
    listed = set(re.findall(r"^\| `(\w+)` ", generator.errors_page(), re.M))
    missing = []
    for folder in generator.FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds():
                    code = node.args[0] if node.args else None
                    literal = isinstance(code, ast.Constant) and isinstance(code.value, str)
                    if literal and code.value not in listed:
                        missing.append(f"{path.relative_to(root)}:{node.lineno} {code.value}")
    assert not missing


def test_links_lead_somewhere(tracked, root):
    dead = []
    for page in (path for path in tracked if path.suffix == ".md"):
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:|#", target):
                if not (page.parent / target.partition("#")[0]).exists():
                    dead.append(f"{page.relative_to(root)} -> {target}")
    assert not dead


def readable(path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_nothing_tracked_names_one_machine(tracked, root):
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in tracked
        for match in MACHINE.finditer(readable(path))
    ]
    assert not found


def test_no_package_index_is_named(tracked, root):
    watched = {"Makefile", "run", "setup.cfg", "pyproject.toml"}
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in tracked
        if path.name in watched
        for match in INDEX.finditer(readable(path))
    ]
    assert not found


@pytest.mark.parametrize("text", ["see /" + "work/x", "/" + "home/jo/x", "at /" + "tmp/out"])
def test_machine_paths_are_recognised(text):
    assert MACHINE.search(text)
