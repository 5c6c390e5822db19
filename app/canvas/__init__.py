"""The canvas: one widget that shows an image with its instances and lets a person edit them."""
