"""What tells a coach of learners' work: kept with the work itself, and worked off soon after.

Kolibri (0.19.5, core/notifications/tasks.py) keeps a list in the memory of each web process, which
its end loses. Here a table is that list (outbox.py): a row is written in the transaction of the
learner's work (queueing.py), and any process works it off (lanes.py, drainer.py). What a sync
brought goes the same way (synced.py).
"""
