"""Each wrapped function of Kolibri gives the same answers as the original, unless intended."""

from __future__ import annotations

import ast
import json

import pytest

from kolibri_azure_plugin.kolibri_patches.tables import PATCHES, coaching

from .stock_and_patched import ASKED_OVER_HTTP, QUESTIONS

pytestmark = pytest.mark.slow

STARTS = "test_first_start.py::test_a_deployment_that_is_set_up_asks_for_none_of_it"
UPGRADES = "test_upgrades.py::test_on_sqlite_everything_is_as_kolibri_has_it"
WORKERS = "test_workers.py::test_kolibri_start_and_kolibri_services_run_the_workers"
COACHES = "test_notifications.py::test_a_coach_is_told_what_stock_kolibri_tells"
CHANNELS = "test_channels_on_postgresql.py::test_a_channel_with_all_that_only_sqlite_takes_is_imported_and_shown"  # noqa: E501
TURNS = "test_channels_on_postgresql.py::test_two_administrators_update_a_channel_at_once"
DELETIONS = "test_channels_on_postgresql.py::test_a_channel_is_deleted_while_another_administrator_updates_it"  # noqa: E501
LISTS = "test_lists_of_users.py::test_users_are_renamed_by_a_list"
SYNCS = (
    "test_sync.py"
    "::test_a_school_and_a_tablet_take_over_a_facility_while_the_workers_instance_is_killed"
)
KNOWN = "test_sync.py::test_a_school_is_given_what_another_sent_before_a_third_that_knew_less"
OUTAGES = "test_outages.py::test_an_import_from_a_drive_waits_for_the_share_and_ends_whole"
TASKS = "test_outages.py::test_a_task_says_that_it_waits_and_completes"
LOOKS = (
    "test_outages.py::test_a_look_through_the_content_takes_nothing_for_lost_that_it_can_not_read"
)
REPLACED = "test_channel_updates.py::test_after_a_kill_the_next_import_goes_on"
CANCELLED = "test_channel_updates.py::test_an_update_that_is_cancelled_leaves_the_old_database"
OUTSIDE = (
    "test_channel_updates.py::test_a_file_that_would_lead_out_of_the_content_folder_is_left_out"
)
SERVED = (
    "test_channels_set_aside.py"
    "::test_a_database_is_served_in_its_place_set_aside_and_in_its_newest_version"
)
COMPARED = (
    "test_channels_set_aside.py"
    "::test_a_new_version_is_compared_on_this_machine_and_not_on_the_share"
)
GOES = "test_channels_set_aside.py::test_a_database_set_aside_is_removed_with_its_channel"
ROOM = "../unit/test_free_space.py::test_the_room_is_measured_where_the_share_answers"
LOCATIONS = "../unit/test_storage_locations.py::test_kolibri_answers_for_a_share_that_works"
CONTENT = "kolibri.core.content.utils"
TRANSFER = "kolibri.utils.file_transfer"
MOMENT = "test_answers_at_the_same_moment.py::test_each_user_sees_their_own_lessons"
COACHED = "test_coach_answers.py::test_everybody_is_answered_as_by_stock_kolibri"
PROGRESS = "test_progress_logs.py::test_the_same_rows_are_written"
TRACKING = "kolibri.core.logger.api.ProgressTrackingViewSet"
COMMAND = "kolibri.core.auth.management.commands.bulkimportusers.Command"

#: Functions that can't be called twice in one process, and the test that compares whole Kolibris.
ASKED_ELSEWHERE = {
    **{patch.target: COACHED for patch in coaching.PATCHES},
    "kolibri.core.api.ListModelMixin.serialize_list": MOMENT,
    "kolibri.utils.main.update": UPGRADES,
    "kolibri.utils.main.run_plugin_updates": UPGRADES,
    "kolibri.utils.main.provision_from_file": "test_upgrades.py"
    "::test_two_instances_that_provision_from_a_file_at_once_make_one_facility",
    "kolibri.utils.main._migrate_databases": STARTS,
    "kolibri.utils.main._upgrades_after_django_setup": STARTS,
    "kolibri.utils.server.ServicesPlugin.START": WORKERS,
    "kolibri.utils.server.DefaultScheduledTasksPlugin.START": WORKERS,
    "kolibri.core.tasks.storage.Storage.schedule": "test_exports.py"
    "::test_a_job_that_is_scheduled_by_several_at_once_is_there_once",
    "kolibri.core.logger.api.wrap_to_save_queue": COACHES,
    "kolibri.core.notifications.kolibri_plugin.NotificationsSyncHook.post_transfer": COACHES,
    "kolibri_sync_extras_plugin.sync.operations.BackgroundJobOperation.should_handle": SYNCS,
    "kolibri_sync_extras_plugin.sync.operations.BackgroundJobOperation._get_or_queue_job": SYNCS,
    "kolibri.utils.kolibri_whitenoise.DynamicWhiteNoise.__init__": "test_media.py"
    "::test_no_file_of_the_media_folder_is_served_under_its_own_name",
    "kolibri.utils.kolibri_whitenoise.DynamicWhiteNoise.__call__": "test_health.py"
    "::test_all_other_addresses_are_kolibris",
    "kolibri.core.content.zip_wsgi._zip_content_from_request": "test_zip_content_role.py"
    "::test_a_page_and_its_files_come_out_of_the_archive_on_the_share",
    "kolibri.core.content.zip_wsgi.get_application": "test_zip_content_role.py"
    "::test_a_page_and_its_files_come_out_of_the_archive_on_the_share",
    f"{CONTENT}.channel_import.ChannelImport.postgres_table_import": CHANNELS,
    f"{CONTENT}.channel_import.set_channel_ancestors": CHANNELS,
    f"{CONTENT}.channel_import.ChannelImport.check_and_delete_existing_channel": TURNS,
    f"{CONTENT}.channel_import.ChannelImport.run_and_annotate": TURNS,
    f"{CONTENT}.resource_import.ResourceImportManagerBase.run": TURNS,
    f"{CONTENT}.resource_import.ResourceImportManagerBase._start_file_transfer": (
        "test_channels_on_postgresql.py"
        "::test_a_file_over_two_gibibytes_is_imported_and_not_fetched_twice"
    ),
    f"{CONTENT}.channel_transfer.start_file_transfer": TURNS,
    "kolibri.core.utils.lock.PostgresLock.execute": "test_channels_on_postgresql.py"
    "::test_a_channel_is_imported_and_deleted_while_a_sync_goes_on",
    f"{CONTENT}.content_delete.delete_content": DELETIONS,
    "kolibri.core.content.tasks.delete_content": DELETIONS,
    "kolibri.core.content.tasks.diff_stats": TURNS,
    "morango.models.core.DatabaseMaxCounter.update_fsics": KNOWN,
    "kolibri.core.content.models.LocalFileQueryset.delete_unused_files": GOES,
    f"{CONTENT}.content_delete.delete_metadata": GOES,
    f"{CONTENT}.annotation._check_file_availability": LOOKS,
    f"{CONTENT}.annotation.get_content_storage_file_path": OUTSIDE,
    f"{CONTENT}.paths.get_content_storage_file_path": OUTSIDE,
    f"{CONTENT}.channels.get_channel_ids_for_content_database_dir": OUTSIDE,
    f"{CONTENT}.resource_import.get_free_space": OUTAGES,
    f"{CONTENT}.resource_import.ResourceImportManagerBase.do_channel_database_import": OUTAGES,
    f"{CONTENT}.resource_import.ResourceImportManagerBase._cleanup_upgrade_database": CANCELLED,
    "kolibri.core.content.tasks.transfer_channel": TASKS,
    f"{CONTENT}.channel_transfer.transfer_channel": TASKS,
    f"{CONTENT}.upgrade.transfer_channel": COMPARED,
    f"{CONTENT}.upgrade.get_annotated_content_database_file_path": COMPARED,
    "kolibri.core.device.api.get_free_space": ROOM,
    "kolibri.core.device.api.get_path_permission": LOCATIONS,
    "kolibri.core.device.api.check_is_directory": LOCATIONS,
    "kolibri.core.device.serializers.get_path_permission": LOCATIONS,
    "kolibri.core.device.serializers.check_is_directory": LOCATIONS,
    f"{TRANSFER}.Transfer.__init__": REPLACED,
    f"{TRANSFER}.ChunkedFile.__init__": REPLACED,
    f"{TRANSFER}.FileDownload._run_no_byte_range_download": REPLACED,
    f"{TRANSFER}.TransferFile.delete": REPLACED,
    f"{TRANSFER}.TransferFile.finalize_file": REPLACED,
    f"{TRANSFER}.TransferFile.is_complete": REPLACED,
    "kolibri.utils.kolibri_whitenoise.DynamicWhiteNoise.find_and_cache_dynamic_file": SERVED,
    f"{TRACKING}._get_session_log": PROGRESS,
    f"{TRACKING}._update_summary_log": PROGRESS,
    f"{TRACKING}._update_and_return_mastery_log_id": PROGRESS,
    f"{TRACKING}._update_session": PROGRESS,
    f"{COMMAND}.build_users_objects": LISTS,
    f"{COMMAND}.delete_users": LISTS,
    f"{COMMAND}.output_messages": LISTS,
    "kolibri.core.auth.management.commands.user_info.Command.handle": "test_privacy.py"
    "::test_what_belongs_to_one_learner_is_exported",
}
PLACES = sorted({f"{patch.module}.{patch.name}" for patch in PATCHES})
ASKED_HERE = sorted({*QUESTIONS, *ASKED_OVER_HTTP})


@pytest.fixture(scope="module")
def answers(copied):
    """The answers of stock and wrapped functions, by place."""
    with copied() as (deployment, _):
        deployment.environment["KOLIBRI_AZURE_HTTPS_PROXY"] = "false"
        script = "from tests.integration.stock_and_patched import report; report()"
        output = deployment.require("manage", "shell", "-c", script)
    line = next(line for line in output.splitlines() if line.startswith("ANSWERS "))
    return json.loads(line.removeprefix("ANSWERS "))


def test_every_function_that_is_wrapped_is_asked():
    assert sorted({*ASKED_HERE, *ASKED_ELSEWHERE}) == PLACES
    assert not {*ASKED_HERE} & {*ASKED_ELSEWHERE}


@pytest.mark.parametrize("test", sorted(set(ASKED_ELSEWHERE.values())))
def test_the_test_that_asks_a_whole_kolibri_exists_and_is_no_long_form(test, repository):
    """A long form is skipped by default, so it proves nothing then."""
    file, _, name = test.partition("::")
    module = ast.parse((repository / "tests" / "integration" / file).read_text())
    functions = [
        node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name
    ]

    assert len(functions) == 1, f"{file} has {len(functions)} functions of this name"
    decorators = [ast.unparse(each) for each in functions[0].decorator_list]
    assert [each for each in decorators if "skip" in each or "LONG_FORM" in each] == []


@pytest.mark.parametrize("place", ASKED_HERE)
def test_stock_and_wrapped_answer_alike(place, answers):
    stock, wrapped = answers[place]

    assert wrapped == stock
