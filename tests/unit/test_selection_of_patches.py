"""The patches that fit a changed Kolibri, and the reports of start and doctor about the others."""

from __future__ import annotations

import dataclasses
import sys
import textwrap

import kolibri
import pytest

from kolibri_azure_plugin.errors import SettingsError
from kolibri_azure_plugin.kolibri_patches import source
from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch
from kolibri_azure_plugin.kolibri_patches.selection import require_safety, select_patches

MODULE = "a_module_to_patch"

TEXT = """
    from json import dumps as other_name
    from a_package_to_patch import moved

    try:
        from collections import OrderedDict
    except ImportError:
        pass


    def decorate(function):
        return function


    @decorate
    def first(a, b):
        text = '''
    # no comment
    '''
        return a + b, text
        # A comment at its end


    # A comment behind it
    class Base:
        def inherited(self):
            return 1


    class Kept(Base):
        @classmethod
        def made(cls):
            return cls()

        def second(self):
            return 2
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write the module with the given text to a folder on Python's path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text=TEXT):
        sys.modules.pop(MODULE, None)
        (tmp_path / f"{MODULE}.py").write_text(textwrap.dedent(text))
        (tmp_path / "a_package_to_patch.py").write_text("def moved():\n    return 3\n")
        from kolibri_azure_plugin.kolibri_patches import definitions

        definitions._read.cache_clear()
        source._lines.cache_clear()

    write()
    yield write
    sys.modules.pop(MODULE, None)


def patch(name, kind=Kind.CORRECTNESS, needs=()):
    return Patch(
        MODULE,
        name,
        kind,
        known=(source.digest_in_file(MODULE, name),),
        wrapper="",
        reason="",
        evidence="",
        without=f"{name} is missed.",
        needs=tuple(f"{MODULE}.{each}" for each in needs),
    )


NAMES = ("first", "Base", "Kept.second", "Kept.made", "Kept.inherited", "moved", "other_name")


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_found_in_its_file_as_it_is_in_the_process(name, module):
    made = patch(name)
    assert made.known != ("",)
    assert made.fits()
    assert made.fits_in_file()


@pytest.mark.parametrize("name", ["lost", "Kept.lost", "first.lost", "other_name.lost"])
def test_a_patch_of_a_removed_function_does_not_fit(name, module):
    gone = dataclasses.replace(patch(name), known=("0123456789abcdef",))
    for fits in (Patch.fits, Patch.fits_in_file):
        assert select_patches([gone], fits).left_out == {gone: [gone.target]}


def test_a_module_that_is_gone_fits_nowhere():
    gone = Patch("kolibri.a_module.that_is_gone", "f", Kind.SPEED, ("0",), "", "", "", "")
    assert not gone.fits()
    assert not gone.fits_in_file()


@pytest.mark.parametrize("name", NAMES[:5])
def test_another_word_in_a_function_is_seen_in_both_ways(name, module):
    before = patch(name)
    module(TEXT.replace("return", "return  not"))
    assert not before.fits()
    assert not before.fits_in_file()


@pytest.mark.parametrize("name", NAMES[:5])
def test_a_patch_that_does_the_work_of_a_changed_function_does_not_fit(name, module):
    redone = (MODULE, name, source.digest_in_file(MODULE, name))
    before = dataclasses.replace(patch("moved"), redoes=(redone,))
    assert before.fits()
    assert before.fits_in_file()
    module(TEXT.replace("return", "return  not"))
    assert not before.fits()
    assert not before.fits_in_file()


def test_comments_and_lines_around_a_function_are_nothing_to_it(module):
    before = [patch(name) for name in NAMES]
    module("\n\nx = 1\n" + textwrap.dedent(TEXT).replace("comment at its end", "note at its end"))
    assert select_patches(before, Patch.fits).left_out == {}
    assert select_patches(before, Patch.fits_in_file).left_out == {}


def test_a_patch_is_left_out_with_the_one_it_needs(module):
    patches = [
        patch("first", needs=["Kept.second"]),
        patch("Kept.second", needs=["Kept.made"]),
        patch("Kept.made"),
        patch("moved"),
    ]
    selection = select_patches(patches, lambda each: each.name != "Kept.made")
    assert [each.name for each in selection.fitting] == ["moved"]
    assert selection.consequences(Kind.CORRECTNESS) == [
        f"Kolibri {kolibri.__version__} has changed {MODULE}.Kept.made, so the plugin leaves out a "
        f"patch: {name} is missed."
        for name in ("first", "Kept.second", "Kept.made")
    ]


def test_two_that_need_each_other_are_left_out_together(module):
    patches = [patch("first", needs=["moved"]), patch("moved", needs=["first"])]
    for changed in ("first", "moved"):
        assert select_patches(patches, lambda each, name=changed: each.name != name).fitting == ()


def test_a_changed_function_that_keeps_data_safe_ends_a_start(module):
    selection = select_patches([patch("first", Kind.SAFETY), patch("moved")], lambda _patch: False)
    with pytest.raises(SettingsError) as caught:
        require_safety(selection, "")
    assert (
        f"{MODULE}.first, so the plugin leaves out a patch: first is missed." in caught.value.found
    )
    assert "moved" not in caught.value.found
    assert f"KOLIBRI_AZURE_ACCEPT_CHANGED_KOLIBRI={kolibri.__version__}" in caught.value.remedy


def test_a_difference_accepted_for_one_version_counts_for_no_other(module):
    selection = select_patches([patch("first", Kind.SAFETY)], lambda _patch: False)
    require_safety(selection, kolibri.__version__)
    with pytest.raises(SettingsError):
        require_safety(selection, f"{kolibri.__version__}1")


def test_other_kinds_end_no_start(module):
    patches = [patch("first", Kind.CORRECTNESS), patch("moved", Kind.SPEED)]
    require_safety(select_patches(patches, lambda _patch: False), "")
