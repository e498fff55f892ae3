"""A question for free space does not wait for a share that hangs."""

from __future__ import annotations

from kolibri_azure_plugin.content.free_space import measure_with_timeout


@measure_with_timeout
def room(path):
    return 17


def test_the_room_is_measured_where_the_share_answers(tmp_path):
    assert room(str(tmp_path)) == 17


def test_the_room_is_measured_where_the_folder_can_only_be_read():
    assert room("/proc") == 17


def test_there_is_none_while_the_share_hangs(hangs):
    hangs("/content")
    assert room("/content") == 0
