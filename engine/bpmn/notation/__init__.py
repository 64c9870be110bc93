"""Reads BPMN files for all other packages: elements, the product's own attributes and their values."""
