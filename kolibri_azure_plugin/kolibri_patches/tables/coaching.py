"""What the pages of coaches ask of the database."""

from __future__ import annotations

from kolibri_azure_plugin.kolibri_patches.patch import Kind, Patch

COACH = "kolibri.plugins.coach"
SPEED = "kolibri_azure_plugin.speed"
SUMMARY = "kolibri.plugins.coach.class_summary_api"
LESSONS, EXAMS = "kolibri.core.lessons.viewsets", "kolibri.core.exams.api"

#: What decides which work of a class a user may read.
RIGHTS = (
    ("kolibri.core.auth.models", "FacilityUser.has_role_for_collection", "865cd4db884a8dea"),
    (
        "kolibri.core.auth.permissions.base",
        "RoleBasedPermissions.readable_by_user_filter",
        "e99a4398c13305b0",
    ),
)

PATCHES = (
    Patch(
        SUMMARY,
        "ClassSummaryPermissions.has_permission",
        Kind.SPEED,
        known=("afd3349764da05b3",),
        wrapper=f"{SPEED}.coached_classes:check_class_once",
        reason="The viewset names its permission classes in its own code.",
        evidence="With the other patch of the summary, saves 12 of 58 statements and 54 % of the "
        "time of a coach's look at a class; of the summary, 11 of 27 and 85 %.",
        without="A page of a coach reads the class and the coach's roles one by one.",
        postgresql_only=True,
        plugin=COACH,
        redoes=RIGHTS,
    ),
    Patch(
        SUMMARY,
        "ClassSummaryViewSet.retrieve",
        Kind.SPEED,
        known=("bac6a5074e046e8e",),
        wrapper=f"{SPEED}.class_summary:read_class_at_once",
        reason="The viewset is a fixed part of Kolibri's pages for coaches.",
        evidence="With the other patch of the summary, saves 12 of 58 statements and 54 % of the "
        "time of a coach's look at a class; of the summary, 11 of 27 and 85 %.",
        without="A coach's class page checks the coach's roles four times, and reads the "
        "resources of its lessons twice.",
        postgresql_only=True,
        plugin=COACH,
        needs=(f"{SUMMARY}.ClassSummaryPermissions.has_permission",),
        redoes=(
            *RIGHTS,
            (SUMMARY, "serialize_lessons", "9cf5703656267c17"),
            (SUMMARY, "serialize_exams", "65aaba82ec87878a"),
            (SUMMARY, "serialize_groups", "8a99563dd76cd450"),
            (SUMMARY, "serialize_users", "9930954a7aeae193"),
            (SUMMARY, "serialize_coach_assigned_quiz_status", "bc5eea5f245e4800"),
            (SUMMARY, "content_status_serializer", "9e2b4efdb23cf59e"),
            (SUMMARY, "fetch_notification_maps", "021af7ee3c1a9c1b"),
            (SUMMARY, "_get_quiz_status", "9577af240cf8ae24"),
            (LESSONS, "LessonViewset.consolidate", "436d0707fa6dd36e"),
            (EXAMS, "ExamViewset.list", "3630cffdefbcc6c9"),
            (EXAMS, "ExamViewset.consolidate", "49410fb346933d87"),
        ),
    ),
    Patch(
        "kolibri.plugins.coach.api",
        "ClassroomNotificationsPermissions.has_permission",
        Kind.SPEED,
        known=("8400aca12570b6e6",),
        wrapper=f"{SPEED}.coached_classes:check_notified_class_once",
        reason="The viewset names its permission classes in its own code.",
        evidence="Saves 4 of 50 statements and 16 % of the time of a coach's look at a class; of "
        "a request for notifications, 29 %.",
        without="A request for notifications reads the class and the coach's roles one by one.",
        postgresql_only=True,
        plugin=COACH,
        redoes=RIGHTS,
    ),
    Patch(
        "kolibri.plugins.coach.api",
        "ClassroomNotificationsViewset.list",
        Kind.SPEED,
        known=("e567dcf19c71ec5d",),
        wrapper=f"{SPEED}.class_polling:note_coach_at_once",
        reason="The viewset is a fixed part of Kolibri's pages for coaches.",
        evidence="Saves 8 of 54 statements and 15 % of the time of a coach's look at a class; of "
        "a request for notifications, 24 %.",
        without="Each request for notifications, one in two seconds for each coach, counts, adds "
        "and removes rows with three statements.",
        postgresql_only=True,
        plugin=COACH,
    ),
    Patch(
        "kolibri.core.device.api",
        "UserSyncStatusViewSet.list",
        Kind.SPEED,
        known=("a15d7e1a03f2d191",),
        wrapper=f"{SPEED}.class_polling:list_statuses_of_class",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves one of 47 statements and 26 % of the time of a coach's look at a class; "
        "of such a request, 81 %.",
        without="Django compiles six subqueries each time that a class page asks for the state of "
        "learners' devices.",
        postgresql_only=True,
        redoes=(
            *RIGHTS,
            ("kolibri.core.device.api", "UserSyncStatusViewSet.get_queryset", "0b2929f1f0e9bc2a"),
            ("kolibri.core.device.api", "SyncStatusFilter.filter_member_of", "12774422d8939662"),
        ),
    ),
    Patch(
        LESSONS,
        "LessonViewset.size",
        Kind.SPEED,
        known=("9b1b4afa11dc66da",),
        wrapper=f"{SPEED}.class_sizes:keep_lesson_sizes",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves 2 of 48 statements and 11 % of the time of a coach's look at a class; of "
        "such a request, 65 %.",
        without="A class page adds up the sizes of all files of all lessons again.",
        postgresql_only=True,
        redoes=RIGHTS,
    ),
    Patch(
        EXAMS,
        "ExamViewset.size",
        Kind.SPEED,
        known=("e059b351e9ece1b9",),
        wrapper=f"{SPEED}.class_sizes:keep_exam_sizes",
        reason="The viewset is a fixed part of Kolibri's API.",
        evidence="Saves 4 of 50 statements and 19 % of the time of a coach's look at a class; of "
        "such a request, 77 %.",
        without="A class page adds up the sizes of all files of all quizzes again.",
        postgresql_only=True,
        redoes=RIGHTS,
    ),
)
