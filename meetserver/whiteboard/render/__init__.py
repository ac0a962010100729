"""A page of the whiteboard as a picture: SVG made of elements that anybody may have sent (docs/board.md)."""
