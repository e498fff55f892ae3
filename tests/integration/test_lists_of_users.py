"""On PostgreSQL, a list of users is imported to its end, whatever one row contains."""

from __future__ import annotations

import pytest

from devtools.deadline import wait_until
from devtools.deployment import SUPERUSER, SUPERUSER_PASSWORD
from devtools.instances import start_gunicorn, start_services
from devtools.kolibri_client import KolibriClient
from tests.user_lists import COLUMNS, JOB_SECONDS, TASKS, USERS

pytestmark = pytest.mark.slow


def row(name, full_name="", identifier="", *, uuid="", password="secret", classroom=""):
    return f"{uuid},{name},{password},{full_name or name},LEARNER,{identifier},,,{classroom},"


def listed(*rows):
    return "\n".join((COLUMNS, *rows, ""))


@pytest.fixture(scope="module")
def administrator(instances):
    """At an instance with its workers."""
    with start_gunicorn(instances[0]) as server, start_services(instances[0]):
        server.wait_until_serving()
        client = KolibriClient(server.url)
        client.sign_in(SUPERUSER, SUPERUSER_PASSWORD)
        yield client


@pytest.fixture
def import_list(administrator):
    """Upload a list, as the interface does; returns the finished job."""

    def upload(content, **options):
        job = administrator.request(
            "POST",
            TASKS,
            data={
                "type": "kolibri.core.auth.tasks.importusersfromcsv",
                "facility": administrator.facility()["id"],
                "dryrun": "false",
                "locale": "en",
                **options,
            },
            files={"csvfile": ("users.csv", content, "text/csv")},
        ).json()
        return wait_until(lambda: ended(administrator, job["id"]), "the job to end", JOB_SECONDS)

    return upload


def ended(client, job):
    state = client.get(f"{TASKS}{job}/")
    return state if state["status"] in ("COMPLETED", "FAILED") else None


def messages(job):
    """The error of each row."""
    assert job["status"] == "COMPLETED", job
    return [each["message"] for each in job["extra_metadata"]["per_line_errors"]]


@pytest.fixture
def people(administrator):
    """The current full names, by user name."""
    return lambda: {each["username"]: each["full_name"] for each in administrator.get(USERS)}


def id_of(administrator, name):
    return next(each["id"] for each in administrator.get(USERS) if each["username"] == name)


def class_named(administrator, name):
    classrooms = administrator.get("/api/auth/classroom/")
    return next(each["id"] for each in classrooms if each["name"] == name)


def test_a_nul_in_a_list_is_left_out(import_list, people):
    job = import_list(listed(row("nu\0l", "Nu\0l", "1\0", classroom="Cl\0ass")))

    assert messages(job) == []
    assert people()["nul"] == "Nul"


def test_a_list_in_utf_16_that_does_not_say_so_is_read(import_list, people):
    job = import_list(listed(row("utf16")).encode("utf-16-le"))

    assert messages(job) == []
    assert "utf16" in people()


def test_a_list_in_another_encoding_is_refused_as_a_whole_and_says_why(import_list, people):
    job = import_list(listed(row("latin", "Zoë")).encode("latin-1"))

    assert job["status"] == "FAILED"
    assert "can't decode byte" in job["extra_metadata"]["overall_error"][0]
    assert "latin" not in people()


def test_a_row_that_does_not_fit_is_refused_and_the_rest_is_imported(import_list, people):
    job = import_list(
        listed(row("before"), row("long", "x" * 123), row("longer", "x" * 126), row("after"))
    )

    assert messages(job) == [
        "Value in column 'FULL_NAME' has too many characters",
        "Ensure this value has at most 120 characters (it has 123).",
    ]
    assert {"before", "after"} <= set(people())
    assert not {"long", "longer"} & set(people())


def test_users_are_renamed_by_a_list(import_list, administrator, people):
    import_list(listed(row("old"), row("other", classroom="Renamed")))
    old, other = (id_of(administrator, name) for name in ("old", "other"))

    job = import_list(
        listed(
            row("new", uuid=old, password="*", classroom="Renamed"),
            row("OTHER", "Other Name", uuid=other, password="*"),
            row("made"),
        )
    )

    assert messages(job) == []
    assert job["extra_metadata"]["users"] == {"created": 1, "updated": 2, "deleted": 0}
    assert {name: people().get(name) for name in ("new", "OTHER", "old", "other")} == {
        "new": "new",
        "OTHER": "Other Name",
        "old": None,
        "other": None,
    }
    assert id_of(administrator, "new") == old
    members = administrator.get(USERS, member_of=class_named(administrator, "Renamed"))
    assert [each["username"] for each in members] == ["new"]
    KolibriClient(administrator.url).sign_in("new", "secret")


def test_the_command_renames_too(import_list, administrator, instances, people, tmp_path):
    import_list(listed(row("by_hand")))
    path = tmp_path / "users.csv"
    path.write_text(listed(row("by_list", uuid=id_of(administrator, "by_hand"), password="*")))

    instances[0].require("manage", "bulkimportusers", str(path))

    assert "by_list" in people()
    assert "by_hand" not in people()


def test_no_user_is_renamed_to_a_name_already_taken(import_list, administrator, people):
    import_list(listed(row("first", classroom="Refused"), row("second")))

    job = import_list(
        listed(row("SECOND", uuid=id_of(administrator, "first"), password="*"), row("third"))
    )

    assert messages(job) == ["Username is duplicated"]
    assert {"first", "second", "third"} <= set(people())
    members = administrator.get(USERS, member_of=class_named(administrator, "Refused"))
    assert [each["username"] for each in members] == ["first"]


def test_a_dry_run_of_a_list_changes_no_user(import_list, administrator, people):
    import_list(listed(row("kept")))

    job = import_list(
        listed(row("changed", uuid=id_of(administrator, "kept"), password="*"), row("tried")),
        dryrun="true",
    )

    assert messages(job) == []
    assert "kept" in people()
    assert not {"changed", "tried"} & set(people())
