"""The words of flexday as pydantic models: validation only, no behaviour beyond it."""
