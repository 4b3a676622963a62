//! Profile, transcripts and vectors; suites against the gateway and against other programs.
