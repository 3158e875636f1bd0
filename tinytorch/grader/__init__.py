"""The grading engine: a student's process reports plain data, and another one judges it."""
