"""The rivals: each file trains the networks of a Work as that library's users would.

A rival has `prepare(work)`, all that may happen before the clock starts (imports are done by then), and one or
more ways to run: functions that return each trial's last validation accuracy, in the order of `work.lrs`.
"""
