"""How every REST endpoint speaks: error bodies, strict input, body limits. Knows no app."""
