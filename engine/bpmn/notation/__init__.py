"""What BPMN files say, read for all that follows: elements, our attributes and the values in them."""
