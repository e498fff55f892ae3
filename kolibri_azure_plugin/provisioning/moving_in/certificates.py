"""The certificate with which this deployment may sync a facility, without anyone's password."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from kolibri_azure_plugin.errors import MovingInError
from kolibri_azure_plugin.provisioning.moving_in.facilities import FacilityInCopy
from kolibri_azure_plugin.provisioning.moving_in.upgraded_copy import UpgradedCopy


def obtain(copy: UpgradedCopy, facility: FacilityInCopy) -> None:
    """Have the copy sign a certificate for this deployment, unless it has one.

    The private key is made here, as for any sync. The school's server accepts the certificate too,
    because its own certificate signed it.

    :raises MovingInError: when the home has no right to the whole facility.
    """
    if _owned(facility.dataset).exists():
        return
    from morango.models.fields.crypto import Key

    key = Key()
    chain = copy.sign(facility.dataset, key.get_public_key_string())
    if chain is None:
        raise MovingInError(
            f"Facility {facility} can't move in from this home.",
            expected="the home of a device that has the whole facility",
            found="a learn-only device, which has the data of single learners",
            remedy="Move in the home of the school's server, with which this device syncs.",
            code="moving-in-one-learner",
        )
    _save(chain, key)


def _owned(dataset: str) -> Any:
    """The certificates for a whole facility whose private keys are here."""
    from kolibri.core.auth.constants.morango_sync import ScopeDefinitions
    from morango.models.certificates import Certificate

    family = Certificate.objects.filter(id=dataset).get_descendants(include_self=True)
    of_facility = family.filter(scope_definition_id=ScopeDefinitions.FULL_FACILITY)
    return of_facility.exclude(_private_key=None)


@transaction.atomic
def _save(chain: list[dict[str, Any]], key: Any) -> None:
    from morango.models.certificates import Certificate

    *others, last = chain
    Certificate.save_certificate_chain(others)
    certificate = Certificate.deserialize(last["serialized"], last["signature"])
    certificate.private_key = key
    certificate.check_certificate()
    certificate.save()
