"""Evidence in, state out: what students have mastered, need next and have earned. No I/O."""
