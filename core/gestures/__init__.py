"""The editing tools as small state machines over image coordinates, without a screen."""
