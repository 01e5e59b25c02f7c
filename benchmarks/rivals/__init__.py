"""The rivals: each file trains the networks of a Work as that library's users would.

Each way to do so is a function from the work to its scores.
"""
