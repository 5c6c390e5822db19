"""What any part of the window stands on: actions, tasks, jobs, settings, theme, words."""
