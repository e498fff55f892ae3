"""The home's superusers: rights on a device are not part of a facility, so no sync has them."""

from __future__ import annotations

from kolibri_azure_plugin.provisioning.moving_in.facilities import FacilityInCopy


def keep(facility: FacilityInCopy) -> list[str]:
    """Give the home's superusers the same right here; return the names of those who get it now."""
    from kolibri.core.device.models import DevicePermissions

    given = []
    for superuser in facility.superusers:
        permissions, _ = DevicePermissions.objects.get_or_create(user_id=superuser.id)
        if not permissions.is_superuser:
            permissions.is_superuser = True
            permissions.can_manage_content |= superuser.can_manage_content
            permissions.save()
            given.append(superuser.username)
    return given


def without_right(facility: FacilityInCopy) -> list[str]:
    """The names of those who do not have the right here."""
    from kolibri.core.device.models import DevicePermissions

    ids = [superuser.id for superuser in facility.superusers]
    here = DevicePermissions.objects.filter(user_id__in=ids, is_superuser=True)
    have = {str(user).replace("-", "") for user in here.values_list("user_id", flat=True)}
    return [each.username for each in facility.superusers if each.id not in have]
