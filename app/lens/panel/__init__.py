"""The lens panel and its pages."""
