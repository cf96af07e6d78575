//! A planted failure: the shrinker must find what it needs and nothing else.
