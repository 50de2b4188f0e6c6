"""How every REST endpoint speaks: error bodies, strict input, body limits; and how what a write
has to announce is made up for. Knows no app."""
