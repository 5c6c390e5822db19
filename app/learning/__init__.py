"""The window half of learning: choose, start, follow, judge, swap in and go back."""
