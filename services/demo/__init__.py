"""An invented school for trying flexday out: nobody and nothing in it is real."""
