"""May Kolibri work in its database, and who owns it?"""

from __future__ import annotations

from kolibri_azure_plugin.database.ownership import examine, signs_of_data
from kolibri_azure_plugin.database.ownership_remedies import (
    describe_owners,
    refusal,
    remedy,
    temporary_tables,
)
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Outcome, failed, passed, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope

CHECKS = Registry("database")


@CHECKS.check(
    "rights",
    "Kolibri may create what it needs.",
    scope=Scope.DEPLOYMENT,
    requires=("database.sign_in",),
    timeout=8,
)
def rights(ctx: CheckContext) -> Outcome:
    ownership = examine(ctx.session)
    if not ownership.may_create:
        raise refusal(ownership, ctx.session)
    if ownership.may_create_temporary:
        return passed("Kolibri may create tables.")
    return failed(
        f"{ownership.user} may not create temporary tables in database {ownership.database}.",
        cause="sync needs them; every user has this right unless it was revoked from PUBLIC",
        remedy=temporary_tables(ownership),
    )


@CHECKS.check(
    "owner",
    "The database and its tables belong to Kolibri.",
    scope=Scope.DEPLOYMENT,
    requires=("database.rights",),
    timeout=8,
)
def owner(ctx: CheckContext) -> Outcome:
    ownership = examine(ctx.session)
    if ownership.owners_of_tables:
        raise refusal(ownership, ctx.session)
    if ownership.owns_database:
        inherited = f", whose rights {ownership.user} has"
        return passed(
            f"Database and tables belong to {ownership.owner}"
            f"{inherited if ownership.owner != ownership.user else ''}.",
            owner=ownership.owner,
        )
    signs = signs_of_data(ctx.session)
    return warned(
        f"Database {ownership.database} does not belong to {ownership.user}.",
        cause=f"{describe_owners(ownership)}; {signs or 'no table holds a row'}. Kolibri works "
        "until its rights are revoked",
        remedy="Leave it as it is, or make Kolibri the owner:\n"
        + remedy(ownership, signs, take_over=True),
        owner=ownership.owner,
    )
