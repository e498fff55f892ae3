"""No message or page leads to a loss of data without a warning.

tests/arm/documentation checks the pages of the templates.
"""

from __future__ import annotations

import ast
import re

import pytest

from kolibri_azure_plugin.database import ownership_remedies
from kolibri_azure_plugin.database.ownership import Ownership

#: Commands and statements that delete data.
DELETES_DATA = re.compile(
    r"az group delete|flexible-server (db )?delete|lock delete|share-rm delete|storage \w+ delete"
    r"|keyvault( secret)? (delete|purge)|\bDROP (TABLE|DATABASE|SCHEMA|ROLE|OWNED)\b|\bTRUNCATE\b"
    r"|\bDELETE FROM\b|\bdropdb\b|\brm -r|--clean\b|down --volumes|manage (deprovision|flush"
    r"|delete\w*)"
)

#: The only module that may name a deletion, because it looks for data first.
LOOKS_FIRST = "ownership_remedies.py"

#: Statements that are shown to no one: on the plugin's own tables, for old reports of the doctor,
#: old minutes, instances that are gone, sent notifications and expired cache entries; on Kolibri's,
#: for coaches who no longer poll; and on scratch databases, in which backups are tried out.
NOT_SHOWN = {
    "state.py", "minutes.py", "outbox.py", "visits.py", "class_polling.py", "scratch.py",
}  # fmt: skip

OF_THE_TEMPLATES = ("deploy.md", "failed-deployments.md", "operate.md")

FACTS = {
    "user": "kolibri",
    "database": "kolibri",
    "version": 17,
    "owner": "azuresu",
    "owns_database": False,
    "schema": "public",
    "keeper": "azuresu",
    "may_create": False,
    "may_create_temporary": True,
    "has_group": False,
    "owners_of_tables": [],
    "superusers": ["azuresu", "postgres"],
}


def texts_of(tree):
    """Every string but the docstrings, which no user sees."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(v.value if isinstance(v, ast.Constant) else "X" for v in node.values)
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


def test_messages_name_a_deletion_in_one_place_only(repository):
    folders = [repository / name for name in ("kolibri_azure_plugin", "devtools/demo")]
    assert all(folder.is_dir() for folder in folders)
    naming = {
        file.name
        for folder in folders
        for file in folder.rglob("*.py")
        for text in texts_of(ast.parse(file.read_text(encoding="utf-8")))
        if DELETES_DATA.search(text)
    }
    assert naming == {LOOKS_FIRST, *NOT_SHOWN}


@pytest.mark.parametrize("owner", ["azuresu", "azure_superuser", "postgres", "former"])
@pytest.mark.parametrize("owners_of_tables", [[], ["azuresu"], ["former"]])
@pytest.mark.parametrize("may_create", [False, True])
@pytest.mark.parametrize("take_over", [False, True])
@pytest.mark.parametrize("signs", ["", "table public.jobs holds rows"])
def test_a_remedy_names_it_only_for_an_empty_database_in_which_nothing_works(
    owner, owners_of_tables, may_create, take_over, signs
):
    changed = {"owner": owner, "keeper": owner, "may_create": may_create}
    ownership = Ownership(**{**FACTS, **changed, "owners_of_tables": owners_of_tables})
    remedy = ownership_remedies.remedy(ownership, signs, take_over=take_over)
    named = bool(DELETES_DATA.search(remedy))
    assert not (named and (signs or ownership.may_migrate))
    if named:
        assert remedy.index("az lock delete") < remedy.index("flexible-server db delete")


def test_the_one_remedy_that_deletes_is_there():
    assert DELETES_DATA.search(ownership_remedies.remedy(Ownership(**FACTS), signs=""))


def test_pages_warn_before_commands_that_delete(repository):
    deleting = 0
    for page in [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]:
        if page.name in OF_THE_TEMPLATES:
            continue
        for section in re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
            found = DELETES_DATA.search(section)
            if found:
                deleting += 1
                warning = re.search(r"\*\*[^*]*delete[^*]*\*\*", section[: found.start()])
                assert warning, f"{page.name}: {found[0]}"
    assert deleting > 0
