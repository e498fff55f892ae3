"""The administrator's page: whether all is well, what is wrong, and what happens.

It reads what others have found and never examines anything itself, so it is quick when the share
hangs. The doctor's rounds and the recorder of activity leave in the database what it shows.
"""
