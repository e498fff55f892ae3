"""What the home page, the class and the lesson of a learner ask of the database."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

LEARN = "kolibri.plugins.learn"
CONTENT = "kolibri.core.content.api"

#: What finds the resources of a lesson, if it is assigned to the learner.
FILTER_BY_LESSON = (CONTENT, "UserContentNodeFilter.filter_by_lesson", "dd3ed3fd44712542")

PATCHES = (
    Patch(
        "kolibri.plugins.learn.viewsets",
        "_map_contentnodes",
        Kind.SPEED,
        known=("ae2d91c41814f612",),
        wrapper="kolibri_azure_plugin.speed.known_nodes:map_known_nodes",
        reason="The pages of learners call it as a plain function.",
        evidence="Saves 34 of 136 statements and 45 % of the time of a round of a lesson; of a "
        "learner's home page, 10 of 17 and 76 %.",
        without="The descriptions of a lesson's resources are read again for each learner.",
        plugin=LEARN,
    ),
    Patch(
        "kolibri.plugins.learn.viewsets",
        "_consolidate_lessons_data",
        Kind.SPEED,
        known=("bc09dd619731502c",),
        wrapper="kolibri_azure_plugin.speed.lesson_progress:read_progress_only",
        reason="The pages of learners call it as a plain function.",
        evidence="Both patches of a class's work save 3 of 105 statements and 32 % of the time of "
        "a round of a lesson; of a learner's class, 3 of 7 and 80 %.",
        without="The pages of a class and a lesson count all answers of a learner.",
        plugin=LEARN,
    ),
    Patch(
        "kolibri.plugins.learn.viewsets",
        "LearnerClassroomViewset.consolidate",
        Kind.SPEED,
        known=("af00b0e9cbeb2052",),
        wrapper="kolibri_azure_plugin.speed.classwork:share_classwork",
        reason="The home page and the class call it as a part of one viewset.",
        evidence="Both patches of a class's work save 3 of 105 statements and 32 % of the time of "
        "a round of a lesson; of a learner's class, 3 of 7 and 80 %.",
        without="The work of a class is read again for each learner.",
        postgresql_only=True,
        plugin=LEARN,
        needs=("kolibri.plugins.learn.viewsets._consolidate_lessons_data",),
    ),
    Patch(
        CONTENT,
        "UserContentNodeViewset.list",
        Kind.SPEED,
        known=("a15d7e1a03f2d191",),
        wrapper="kolibri_azure_plugin.speed.lesson_resources:list_resources_of_lesson",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves 5 of 107 statements and 14 % of the time of a round of a lesson; of a "
        "lesson's resources, 4 of 9 and 78 %.",
        without="The page of a lesson searches all content for its resources.",
        redoes=(
            FILTER_BY_LESSON,
            (CONTENT, "UserContentNodeViewset.get_queryset", "bc3b830c59cd4fd5"),
        ),
    ),
    Patch(
        CONTENT,
        "ContentNodeProgressViewset.generate_response",
        Kind.SPEED,
        known=("543e5b142bf2e003",),
        wrapper="kolibri_azure_plugin.speed.content_progress:read_progress_at_once",
        reason="The viewset is a fixed part of Kolibri's API, and of the learner's home page.",
        evidence="Both patches of a learner's progress save 11 % of the time of a round of a "
        "lesson; of the progress in a list of resources, 85 %.",
        without="Django builds a long statement for each list of resources.",
        postgresql_only=True,
    ),
    Patch(
        CONTENT,
        "ContentNodeProgressViewset.list",
        Kind.SPEED,
        known=("4f6e3a431c824f4c",),
        wrapper="kolibri_azure_plugin.speed.lesson_resources:list_progress_in_lesson",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Both patches of a learner's progress save 11 % of the time of a round of a "
        "lesson; of the progress in a list of resources, 85 %.",
        without="The page of a lesson searches all content for the learner's progress.",
        postgresql_only=True,
        needs=(f"{CONTENT}.ContentNodeProgressViewset.generate_response",),
        redoes=(
            FILTER_BY_LESSON,
            (CONTENT, "ContentNodeProgressViewset.get_queryset", "bc3b830c59cd4fd5"),
        ),
    ),
    Patch(
        "kolibri.core.logger.api",
        "TotalContentProgressViewSet.retrieve",
        Kind.SPEED,
        known=("05ea621310b487ea",),
        wrapper="kolibri_azure_plugin.speed.points:count_completed_at_once",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves 3 % of the time of a round of a lesson; of the number of points, 53 %.",
        without="Django builds a long statement to count what a learner has completed.",
        postgresql_only=True,
    ),
)
