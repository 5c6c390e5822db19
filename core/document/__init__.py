"""What a person labels: instances, invertible edits, history, geometry and hit test."""
