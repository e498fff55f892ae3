"""Notifications for coaches, stored in the same transaction as the learner's work.

Kolibri (0.19.5, core/notifications/tasks.py) queues them in the memory of each web process, and
loses them when the process ends. Here the queue is a table (outbox.py): a row is written in the
transaction of the learner's work (queueing.py), and any process can process it (lanes.py,
drainer.py). Learners' work from a sync takes the same route (transfers.py, synced.py).
"""
