"""What Kolibri reads lists of users from, and the addresses at which it takes them."""

from __future__ import annotations

USERS = "/api/auth/facilityuser/"
TASKS = "/api/tasks/tasks/"

#: Seconds for the job that reads a list.
JOB_SECONDS = 90

COLUMNS = (
    "UUID,USERNAME,PASSWORD,FULL_NAME,USER_TYPE,IDENTIFIER,BIRTH_YEAR,GENDER,"
    "ENROLLED_IN,ASSIGNED_TO"
)
