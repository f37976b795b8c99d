import re

import pytest
import readme

TEXT = (readme.REPOSITORY / "README.md").read_text()


@pytest.mark.parametrize("block", list(readme.BLOCK.finditer(TEXT)), ids=lambda block: block["words"])
def test_a_block_is_what_its_command_writes(block):
    assert readme.renewed(block[0]) == block[0]


def test_every_link_leads_somewhere():
    for text in (TEXT, (readme.REPOSITORY / "CONTRIBUTING.md").read_text()):
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (readme.REPOSITORY / target).exists(), target


def test_every_name_in_its_commands_exists():
    from dlbench import shelf

    known = set(shelf.recipes()) | set(shelf.studies())
    for line in re.findall(r"^ {4}dlbench (?:run|show|report) ([^#\n]*)", TEXT, re.MULTILINE):
        names = line.split(" --")[0].split()
        assert all(name in known or name.endswith(".yaml") for name in names), line
