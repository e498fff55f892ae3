"""May Kolibri work in the database that it signed in to, and whose is it?"""

from __future__ import annotations

from kolibri_azure_plugin.checks.model import Outcome, Registry, Scope, failed, passed, warned
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.database.ownership import examine, signs_of_data
from kolibri_azure_plugin.database.ownership_remedies import (
    belongings,
    refusal,
    remedy,
    temporary_tables,
)

CHECKS = Registry("database")


@CHECKS.check(
    "rights",
    "Kolibri may create what it needs.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in",),
    timeout=8,
)
def rights(subject: Subject) -> Outcome:
    ownership = examine(subject.session)
    if not ownership.may_create:
        raise refusal(ownership, subject.session)
    if ownership.may_create_temporary:
        return passed("Tables can be created.")
    return failed(
        f"{ownership.user} may not create temporary tables in database {ownership.database}.",
        cause="sync needs them; everybody has the right until somebody takes it from PUBLIC",
        remedy=temporary_tables(ownership),
    )


@CHECKS.check(
    "owner",
    "The database and its tables belong to Kolibri.",
    scope=Scope.DEPLOYMENT,
    requires=("database.rights",),
    timeout=8,
)
def owner(subject: Subject) -> Outcome:
    ownership = examine(subject.session)
    if ownership.owners_of_tables:
        raise refusal(ownership, subject.session)
    if ownership.owns_database:
        return passed(
            f"They belong to {ownership.owner}."
            if ownership.owner == ownership.user
            else f"They belong to {ownership.owner}, whose rights {ownership.user} has.",
            owner=ownership.owner,
        )
    signs = signs_of_data(subject.session)
    return warned(
        f"Database {ownership.database} does not belong to {ownership.user}.",
        cause=f"{belongings(ownership)}; {signs or 'no table holds a row'}. Kolibri works as long "
        "as nobody takes its rights away",
        remedy="Leave it, or make it Kolibri's own:\n" + remedy(ownership, signs, take_over=True),
        owner=ownership.owner,
    )
