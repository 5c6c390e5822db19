"""The stages of Mask R-CNN as functions over torchvision's modules, each with a frozen result.

Stages that run the network take a batch and return one result an image; stages that only
handle boxes take one image. None of them keeps state.
"""
