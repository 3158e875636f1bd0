"""The author's and the instructor's command: one file for each verb."""
